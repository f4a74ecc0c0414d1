import { readdirSync, rmSync } from 'node:fs';
import { CniError, errorCode } from '../../../../cni/error.ts';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { checkLeases } from '../../../../ipam/host-local/host-local.ts';
import { hostLocalStatus } from '../../../../ipam/host-local/status.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/24' }));
afterEach(() => jest.restoreAllMocks());

const calls = [
  'openSync',
  'lstatSync',
  'statSync',
  'statfsSync',
  'accessSync',
  'readdirSync',
  'unlinkSync',
  'linkSync',
  'renameSync',
  'mkdirSync',
  'readSync',
  'fstatSync',
  'utimesSync',
] as const;

/**
 * Runs an action, and a loss before one of its file system calls. Of a run of calls to the same function only the first
 * counts, as the others are to the next of 128 directories.
 * @returns whether there were so many calls
 */
function loseBefore(number: number, loss: () => void, action: () => void): boolean {
  let count = 0;
  let last = '';
  let isLosing = false;
  for (const name of calls) {
    const original = fs[name] as (...args: unknown[]) => unknown;
    jest.spyOn(fs, name).mockImplementation(((...args: unknown[]) => {
      if (!isLosing && name !== last && count++ === number) {
        isLosing = true;
        loss();
        isLosing = false;
      }
      if (!isLosing) last = name;
      return original(...args);
    }) as never);
  }
  try {
    action();
  } finally {
    withoutDisk();
  }
  return count > number;
}

/** What somebody takes away by hand. */
const losses: [string, () => string[]][] = [
  ['the network’s directory', () => [net.directory]],
  ['the index', () => [`${net.directory}/.attachments`]],
  [
    'the directories of the index',
    () => readdirSync(`${net.directory}/.attachments`).map((name) => `${net.directory}/.attachments/${name}`),
  ],
  ['all but the directories', () => readdirSync(net.directory).map((name) => `${net.directory}/${name}`)],
];

/** Every function as it is, but that nothing waits for the disk. */
function withoutDisk(): void {
  jest.restoreAllMocks();
  jest.spyOn(fs, 'fsyncSync').mockImplementation(() => undefined);
}

/** Leases of ours and of the Go host-local, some of which the index doesn't know. */
function fill(known: boolean): void {
  net.remove();
  withoutDisk();
  for (const id of ['a', 'b']) net.add(id);
  if (known) return;
  net.goAdd('a', '10.1.0.77');
  net.goAdd('d', '10.1.0.78', 'eth1');
  net.goDel('b');
}

const actions: [string, () => void][] = [
  ['DEL', () => net.del('a')],
  ['DEL of a container without a lease', () => net.del('x')],
  ['GC', () => gcLeases(net.request(''), [])],
  ['GC that keeps all', () => gcLeases(net.request(''), [{ containerID: 'a', ifname: 'eth0' }])],
  ['the search for addresses', () => net.find('a')],
  ['STATUS', () => hostLocalStatus(net.request(''))],
];

describe.each(losses)('with %s gone at any moment', (_what, paths) => {
  const lose = (): void => {
    for (const path of paths()) rmSync(path, { recursive: true, force: true });
  };

  test.each(actions)('%s does not fail, nor what comes after', (_name, action) => {
    for (const known of [true, false]) {
      for (let number = 0, reached = true; reached; number++) {
        fill(known);
        reached = loseBefore(number, lose, action);
        net.add('after');
        expect(net.find('after')).toHaveLength(1);
        expect(net.del('after')).toHaveLength(1);
      }
    }
  });

  test('CHECK says that the lease is there, or that it is not', () => {
    for (let number = 0, reached = true; reached; number++) {
      fill(true);
      let code = 0;
      reached = loseBefore(number, lose, () => {
        code = codeOf(() => checkLeases(net.request('a')));
      });
      expect([0, errorCode.unknownContainer]).toContain(code);
    }
  });
});

/** The code of a CniError, 0 for success. */
function codeOf(action: () => void): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (error instanceof CniError) return error.code;
    throw error;
  }
}
