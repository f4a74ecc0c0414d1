import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const log = `${tmpdir()}/strace-${process.pid}`;

let net = new SharedDirectory();
afterEach(() => {
  net.remove();
  rmSync(log, { force: true });
});

/** The main thread's system calls, one on each line; it does all the work. */
function trace(executable: string, command: string, id: string): string[] {
  const { status } = net.call(executable, command, id, { under: ['strace', '-o', log] });
  expect(status).toBe(0);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  return lines.filter((line) => /^\w+\(/.test(line));
}

/** A system call in a trace: its name, and how many of that name there were so far. */
type Moment = readonly [name: string, count: number];

/**
 * The calls to die at: with `make e2e KILLS=all`, all of them. Otherwise those that change the directory, since dying
 * at any other call is the same as dying at the next of these, and a few from the runtime's own start.
 */
function moments(lines: string[]): Moment[] {
  const counts = new Map<string, number>();
  const begin = lines.findIndex((line) => line.includes(net.directory));
  return lines.flatMap((line, position): Moment[] => {
    const name = line.slice(0, line.indexOf('('));
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const changes = /^(mk|link|rename|unlink|utime|p?write|ftruncate|flock|f?sync|close|exit|open.*O_CREAT)/;
    const chosen = position < begin ? position % 60 === 0 : changes.test(line);
    return chosen || process.env.KILLS === 'all' ? [[name, count]] : [];
  });
}

/** Runs a command that is killed as it enters a system call; returns whether it got that far. */
function dieAt([name, count]: Moment, executable: string, command: string, id: string): boolean {
  const under = ['strace', '-o', '/dev/null', '-e', `inject=${name}:signal=KILL:when=${count}`];
  const { status } = net.call(executable, command, id, { under });
  return status === null;
}

/** Expects that all leases are whole, that both programs find the same, and that both continue from there. */
function expectUsable(first: string, second: string): void {
  const leases = net.leased().map((address) => `${address} ${net.read(address)}`);
  for (const lease of leases) expect(lease).toMatch(/^10\.1\.0\.\d+ [a-z0-9]+\r\neth0$/);
  expect(leases).toEqual(expect.arrayContaining(['10.1.0.99 other\r\neth0', '10.1.0.98 theirs\r\neth0']));
  const leased = leases.some((lease) => lease.endsWith(' c1\r\neth0'));
  for (const id of ['other', 'theirs', ...(leased ? ['c1'] : [])]) {
    net.must(first, 'CHECK', id);
    net.must(second, 'CHECK', id);
  }
  net.lease(first, 'next');
  if (leased) expect(net.refusal(first, 'ADD', 'c1').msg).toContain('duplicate allocation');
  net.must(second, 'DEL', 'c1');
  expect(net.refusal(first, 'CHECK', 'c1').msg).not.toBe('');
  net.lease(second, 'c1');
  net.must(first, 'DEL', 'c1');
  net.must(second, 'DEL', 'next');
  expect(net.leased()).toEqual(['10.1.0.98', '10.1.0.99']);
}

const names = (): string[] => readdirSync(`${net.directory}/.attachments`);

const subnet = { subnet: '10.1.0.0/24' };
const sticky = { ...subnet, sticky: true };

/** The directory before the command that dies, and the configuration. */
const scenes: [string, string, (ours: string) => void, object?][] = [
  ['an ADD', 'ADD', (ours) => net.must(ours, 'CHECK', 'other')],
  [
    'an ADD that first takes in what the Go host-local leased',
    'ADD',
    () => net.write('10.1.0.7', 'new\r\neth0'),
  ],
  [
    'an ADD that remembers its address',
    'ADD',
    (ours) => {
      net.lease(ours, 'c2');
      net.lease(ours, 'c1');
      for (const id of ['c1', 'c2']) net.must(ours, 'DEL', id);
    },
    sticky,
  ],
  ['a DEL', 'DEL', (ours) => net.lease(ours, 'c1')],
  ['a DEL of what the Go host-local leased', 'DEL', () => net.lease(reference, 'c1')],
];

describe.each(hostLocals.filter(([name]) => !name.includes('pkg')))('%s is killed', (_name, ours) => {
  function prepare(scene: (ours: string) => void, config: object): void {
    net = new SharedDirectory(config);
    net.lease(ours, 'other', { args: 'IP=10.1.0.99' });
    net.lease(reference, 'theirs', { args: 'IP=10.1.0.98' });
    scene(ours);
    net.write('last_reserved_ip.0', '10.1.0.7');
  }

  test.each(scenes)(
    'at each system call of %s: the directory is good, for the Go host-local too',
    (_what, command, scene, config = subnet) => {
      prepare(scene, config);
      const times = moments(trace(ours, command, 'c1'));
      let killed = 0;
      for (const [n, moment] of times.entries()) {
        net.remove();
        prepare(scene, config);
        const before = net.remembered();
        if (dieAt(moment, ours, command, 'c1')) killed++;
        // As before, or as after.
        expect([...net.remembered()].sort()).toEqual(before.sort());
        if (net.leased().includes('10.1.0.7')) net.must(reference, 'DEL', 'new');
        if (n % 2 === 0) expectUsable(ours, reference);
        else expectUsable(reference, ours);
        expect(names().filter((name) => !/^([0-9a-f]{2}|sums|remembered)$/.test(name))).toEqual([]);
        expect(net.indexed()).toHaveLength(2);
      }
      // The runtime may make a call more or less, depending on its threads.
      expect(killed).toBeGreaterThanOrEqual(Math.max(5, Math.floor(times.length * 0.9)));
    },
    1_200_000,
  );

  test('at each system call of the very first ADD', () => {
    net = new SharedDirectory(subnet);
    for (const [n, moment] of moments(trace(ours, 'ADD', 'c1')).entries()) {
      net.remove();
      net = new SharedDirectory(subnet);
      dieAt(moment, ours, 'ADD', 'c1');
      for (const address of net.leased()) expect(net.read(address)).toBe('c1\r\neth0');
      net.must(ours, 'DEL', 'c1');
      net.lease(n % 2 === 0 ? ours : reference, 'c1');
      net.must(n % 2 === 0 ? reference : ours, 'CHECK', 'c1');
      net.must(n % 2 === 0 ? reference : ours, 'DEL', 'c1');
      expect([net.leased(), net.indexed()]).toEqual([[], []]);
    }
  }, 1_200_000);
});

describe.each(hostLocals)('%s', (_name, ours) => {
  /** The positions of calls in the story of an ADD, by what they begin with. */
  function positions(lines: string[], pattern: RegExp): number[] {
    return lines.flatMap((line, position) => (pattern.test(line) ? [position] : []));
  }

  test('each lease is on disk, under all its names, before the result is printed', () => {
    net = new SharedDirectory({ ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] });
    for (const id of ['c1', 'c2']) {
      const lines = trace(ours, 'ADD', id);
      const drafts = lines.flatMap((line) => {
        const [, fd] = /draft", O_WRONLY.* = (\d+)$/.exec(line) ?? [];
        return fd === undefined ? [] : [fd];
      });
      expect(drafts).toHaveLength(2);
      const synced = drafts.flatMap((fd) => positions(lines, new RegExp(`^fsync\\(${fd}\\) += 0$`)));
      const named = positions(lines, /^(link|rename)(at2?)?\(.*= 0$/);
      const printed = positions(lines, /^write\(1, /);
      expect([new Set(synced).size, named.length, printed.length]).toEqual([2, 4, 1]);
      expect(Math.max(...named)).toBeLessThan(Math.min(...synced));
      expect(Math.max(...synced)).toBeLessThan(Math.min(...printed));
    }
  });
});
