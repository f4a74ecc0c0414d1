import { existsSync } from 'node:fs';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/16' }));

/** Runs an action in which the process dies at its nth change of the file system; returns whether it got that far. */
function dieAt(n: number, action: () => void): boolean {
  let changes = 0;
  const calls = [
    'openSync',
    'writeSync',
    'linkSync',
    'renameSync',
    'unlinkSync',
    'mkdirSync',
    'utimesSync',
  ] as const;
  const mortal =
    <T extends unknown[], R>(real: (...args: T) => R) =>
    (...args: T): R => {
      if (++changes > n) throw new Error('killed');
      return real(...args);
    };
  for (const call of calls) {
    const real: (...args: never[]) => unknown = fs[call];
    jest.spyOn(fs, call).mockImplementation(mortal(real) as never);
  }
  try {
    action();
  } catch {
    // Dead, or refused; the directory tells.
  }
  jest.restoreAllMocks();
  return changes > n;
}

test.each<[string, () => void, () => void]>([
  ['an ADD', () => undefined, () => net.add('c1', { ranges: [[{ subnet: 'fd00::/64' }]] })],
  ['an ADD after the Go host-local', () => net.goAdd('go', '10.1.0.2'), () => net.add('c1')],
  ['a DEL', () => net.add('c1'), () => net.del('c1')],
  ['a DEL of the Go host-local’s', () => net.goAdd('c1', '10.1.0.2'), () => net.del('c1')],
  ['a DEL of two leases', () => net.add('c1', { ranges: [[{ subnet: 'fd00::/64' }]] }), () => net.del('c1')],
  [
    'a DEL of two leases after the Go host-local',
    () => {
      net.add('c1', { ranges: [[{ subnet: 'fd00::/64' }]] });
      net.goAdd('go', '10.1.0.9');
    },
    () => net.del('c1'),
  ],
])('%s that dies at any step leaves whole leases, all of them found', (_what, before, action) => {
  let steps = 0;
  for (let more = true; more; steps++) {
    net.remove();
    net.add('other');
    net.del('other');
    before();
    more = dieAt(steps, action);
    const leases = net.leased().filter((address) => net.read(address).startsWith('c1'));
    for (const address of net.leased()) expect(net.read(address)).toMatch(/^[a-z0-9]+\r\neth0$/);
    expect(net.find('c1')).toEqual(leases);
    expect(net.del('c1')).toEqual(leases);
    expect(net.add('c1')).toHaveLength(1);
    expect(net.find('c1')).toHaveLength(1);
  }
  expect(steps).toBeGreaterThan(3);
});

test('a DEL that dies leaves no entry for an address that becomes another’s', () => {
  for (let steps = 0; steps < 20; steps++) {
    net.add('c1', { requestedIPs: ['10.1.0.2'] });
    dieAt(steps, () => net.del('c1'));
    if (net.leased().includes('10.1.0.2')) net.goDel('c1');
    net.goAdd('go', '10.1.0.2');
    expect(net.del('go')).toEqual(['10.1.0.2']);
    expect(net.find('c1')).toEqual([]);
  }
  expect(net.indexed()).toEqual([]);
});

describe('what an ADD that was killed while it wrote a lease left', () => {
  const draft = (): string => `${net.directory}/.attachments/draft`;
  beforeEach(() => {
    net.add('c1');
    net.write('.attachments/draft', 'c2\r\neth0');
  });
  afterEach(() => {
    expect(existsSync(draft())).toBe(false);
    expect(net.find('c1')).toEqual(['10.1.0.2']);
  });

  test('goes with a DEL', () => {
    net.del('c2');
  });

  test('goes with a GC', () => {
    gcLeases(net.request(''), [{ containerID: 'c1', ifname: 'eth0' }]);
  });
});
