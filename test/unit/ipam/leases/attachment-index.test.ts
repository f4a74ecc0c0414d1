import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { buckets, hashContainerID, placeOf } from '../../../../ipam/leases/attachment-index.ts';
import { bootID } from '../../../../ipam/leases/boot.ts';
import { LeaseFolder } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
let net = new LeaseFolder({ subnet: '10.1.0.0/16' });
beforeEach(() => {
  net = new LeaseFolder({ subnet: '10.1.0.0/16' });
});
afterEach(() => {
  jest.restoreAllMocks();
  net.remove();
});

/** How many files an action reads the content of by a lease's name. */
function leasesRead(action: () => void): number {
  const open = jest.spyOn(fs, 'openSync');
  action();
  const paths = open.mock.calls.map(([path]) => String(path));
  open.mockRestore();
  return paths.filter((path) => /\/10\.1\.[0-9.]+$/.test(path)).length;
}

test('a lease has an entry, which is the same file', () => {
  net.add('c1');
  const { bucket, digits } = placeOf('c1');
  const entry = `${digits}.made-${bootID()}.10.1.0.2`;
  expect(readdirSync(`${net.folder}/.attachments/${bucket}`)).toEqual([entry]);
  expect(net.indexed()).toEqual([entry]);
  expect(statSync(`${net.folder}/10.1.0.2`).nlink).toBe(2);
});

test('container IDs spread over the buckets', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 25_600; i++) {
    for (const id of [`c${i}`, `${i}-9b8f`.padStart(64, 'a')]) {
      const { bucket } = placeOf(id);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
  }
  expect(counts.size).toBe(buckets.length);
  expect(Math.max(...counts.values())).toBeLessThan(500);
  expect(new Set(Array.from({ length: 50_000 }, (_, i) => hashContainerID(`pod-${i}`))).size).toBe(50_000);
});

test('among many leases, an operation reads its own alone', () => {
  for (let i = 0; i < 100; i++) net.add(`c${i}`);
  expect(leasesRead(() => net.add('another'))).toBe(0);
  expect(leasesRead(() => net.find('c7'))).toBe(1);
  expect(leasesRead(() => net.del('c7'))).toBe(1);
  expect(leasesRead(() => net.del('c7'))).toBe(0);
});

test('leases of the reference are read once, and found from then on', () => {
  for (let i = 2; i < 50; i++) net.goAdd(`go${i}`, `10.1.0.${i}`);
  expect(leasesRead(() => net.add('c1'))).toBe(48);
  expect(leasesRead(() => net.find('go7'))).toBe(1);
  net.goAdd('late', '10.1.9.9');
  expect(leasesRead(() => expect(net.find('late')).toEqual(['10.1.9.9']))).toBe(2);
  expect(net.indexed().filter((name) => name.includes('seen'))).toHaveLength(49);
});

test('the reference takes our entries away with its release', () => {
  net.add('a');
  net.add('b');
  net.goDel('a');
  expect(net.indexed()).toHaveLength(1);
  expect(net.find('b')).toEqual(['10.1.0.3']);
});

test('a change is seen however coarse the clock', () => {
  net.add('a');
  const before = statSync(net.folder).mtime;
  net.goAdd('go', '10.1.0.9');
  expect(statSync(net.folder).mtime).not.toEqual(before);
  expect(net.find('go')).toEqual(['10.1.0.9']);
});

test('a lease removed by hand takes its entry along', () => {
  net.add('a');
  unlinkSync(`${net.folder}/10.1.0.2`);
  expect(net.find('a')).toEqual([]);
  expect(net.indexed()).toEqual([]);
});

test('a lease removed by hand and made anew for another is found by its new owner', () => {
  net.add('a');
  unlinkSync(`${net.folder}/10.1.0.2`);
  net.goAdd('b', '10.1.0.2');
  expect(net.del('a')).toEqual([]);
  expect(net.del('b')).toEqual(['10.1.0.2']);
});

test('without the index the folder is looked through', () => {
  net.add('a');
  rmSync(`${net.folder}/.attachments`, { recursive: true });
  expect(net.find('a')).toEqual(['10.1.0.2']);
  expect(net.indexed()).toHaveLength(1);
});

test('a copy without hard links is as good', () => {
  net.add('a');
  const copy = new LeaseFolder(net.config);
  fs.cpSync(net.folder, copy.folder, { recursive: true, preserveTimestamps: true });
  expect(statSync(`${copy.folder}/10.1.0.2`).nlink).toBe(1);
  expect(copy.del('a')).toEqual(['10.1.0.2']);
  expect(copy.indexed()).toEqual([]);
  copy.remove();
});

test('strange names in the index are passed over', () => {
  net.add('a');
  const [bucket] = readdirSync(`${net.folder}/.attachments`);
  writeFileSync(`${net.folder}/.attachments/note`, '');
  writeFileSync(`${net.folder}/.attachments/${bucket}/note`, '');
  mkdirSync(`${net.folder}/.attachments/${bucket}/more`);
  rmSync(`${net.folder}/last_reserved_ip.0`);
  expect(net.find('a')).toEqual(['10.1.0.2']);
  expect(net.add('b')).toEqual(['10.1.0.3/16']);
});

test('a draft that a crash left, a lease by now, is not written to', () => {
  net.add('a');
  linkSync(`${net.folder}/10.1.0.2`, `${net.folder}/.attachments/draft`);
  net.add('b');
  expect([net.read('10.1.0.2'), net.read('10.1.0.3')]).toEqual(['a\r\neth0', 'b\r\neth0']);
});

test('a nearly full range is searched by name, not address by address', () => {
  for (let i = 2; i < 200; i++) net.goAdd(`go${i}`, `10.1.0.${i}`);
  net.write('last_reserved_ip.0', '10.1.0.1');
  const link = jest.spyOn(fs, 'linkSync');
  net.add('first');
  const claims = link.mock.calls.filter(([from]) => String(from).endsWith('/draft'));
  expect(claims.length).toBeLessThan(20);
  expect(net.find('first')).toEqual(['10.1.0.200']);
});

describe('a file system without hard links', () => {
  beforeEach(() => {
    jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('not supported'), { code: 'EPERM' });
    });
  });

  test('has leases all the same', () => {
    expect(['a', 'b'].map((id) => net.add(id)[0])).toEqual(['10.1.0.2/16', '10.1.0.3/16']);
    expect(net.read('10.1.0.2')).toBe('a\r\neth0');
    expect(() => net.add('a')).toThrow('duplicate');
    net.goAdd('go', '10.1.0.9');
    expect(net.del('go')).toEqual(['10.1.0.9']);
    expect(net.del('a')).toEqual(['10.1.0.2']);
    expect(net.leased()).toEqual(['10.1.0.3']);
    expect(() => net.add('c', { requestedIPs: ['10.1.0.3'] })).toThrow('leased to container b');
  });

  test('mixes with an index made where there were some', () => {
    jest.restoreAllMocks();
    net.add('a');
    jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('too many'), { code: 'EMLINK' });
    });
    net.add('b');
    expect([net.find('a'), net.find('b')]).toEqual([['10.1.0.2'], ['10.1.0.3']]);
    expect(net.del('a')).toEqual(['10.1.0.2']);
  });
});

describe('a full disk', () => {
  const full = (): never => {
    throw Object.assign(new Error('full'), { code: 'ENOSPC' });
  };

  test.each(['linkSync', 'renameSync', 'writeSync', 'fsyncSync'] as const)(
    'at %s leaves no lease, and DEL works',
    (call) => {
      net.add('a');
      net.goAdd('go', '10.1.0.9');
      jest.spyOn(fs, call).mockImplementation(full);
      expect(() => net.add('b')).toThrow('ENOSPC');
      expect(net.leased()).toEqual(['10.1.0.2', '10.1.0.9']);
      expect(net.del('go')).toEqual(['10.1.0.9']);
      jest.restoreAllMocks();
      expect([net.find('a'), net.find('b')]).toEqual([['10.1.0.2'], []]);
      expect(net.indexed()).toHaveLength(1);
    },
  );

  test('that takes half a lease leaves none', () => {
    jest.spyOn(fs, 'writeSync').mockImplementation(() => 2);
    expect(() => net.add('a')).toThrow('ENOSPC');
    expect(net.leased()).toEqual([]);
  });
});

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
    // Dead, or refused; the folder tells.
  }
  jest.restoreAllMocks();
  return changes > n;
}

test.each<[string, () => void, () => void]>([
  ['an ADD', () => undefined, () => net.add('c1', { ranges: [[{ subnet: 'fd00::/64' }]] })],
  ['an ADD after the reference', () => net.goAdd('go', '10.1.0.2'), () => net.add('c1')],
  ['a DEL', () => net.add('c1'), () => net.del('c1')],
  ['a DEL of the reference’s', () => net.goAdd('c1', '10.1.0.2'), () => net.del('c1')],
  ['a DEL of two leases', () => net.add('c1', { ranges: [[{ subnet: 'fd00::/64' }]] }), () => net.del('c1')],
  [
    'a DEL of two leases after the reference',
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
    net = new LeaseFolder({ subnet: '10.1.0.0/16' });
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

test('an entry under another boot is the same lease', () => {
  net.add('a');
  const [bucket = ''] = readdirSync(`${net.folder}/.attachments`);
  const [name = ''] = readdirSync(`${net.folder}/.attachments/${bucket}`);
  const path = `${net.folder}/.attachments/${bucket}/`;
  renameSync(path + name, path + name.replace(bootID(), '01234567'));
  expect(() => net.add('a')).toThrow('duplicate');
  expect(net.del('a')).toEqual(['10.1.0.2']);
});

describe('what an ADD that was killed while it wrote a lease left', () => {
  const draft = (): string => `${net.folder}/.attachments/draft`;
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
