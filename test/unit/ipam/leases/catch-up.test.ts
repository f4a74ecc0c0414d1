import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { sumAddressesSync } from '#files';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { checkLeases } from '../../../../ipam/host-local/host-local.ts';
import { buckets, placeOf } from '../../../../ipam/leases/attachment-index.ts';
import { LeaseFolder } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const dual = { subnet: '10.1.0.0/16', ranges: [[{ subnet: 'fd00::/64' }]] };
let net = new LeaseFolder(dual);
beforeEach(() => {
  net = new LeaseFolder(dual);
});
afterEach(() => {
  jest.restoreAllMocks();
  net.remove();
});

/** How often an action lists the folder of the leases, and how many of them it reads. */
function effort(action: () => unknown): { lists: number; reads: number } {
  const list = jest.spyOn(fs, 'readdirSync');
  const open = jest.spyOn(fs, 'openSync');
  action();
  const lists = list.mock.calls.filter(([path]) => path === net.folder).length;
  const reads = open.mock.calls.filter(([path]) =>
    /\/(10\.1\.|fd00::)[0-9a-f.:]+$/.test(String(path)),
  ).length;
  list.mockRestore();
  open.mockRestore();
  return { lists, reads };
}

describe('after the reference changed the folder', () => {
  beforeEach(() => {
    for (let i = 0; i < 50; i++) net.goAdd(`old-${i}`, `10.1.1.${i}`);
    net.add('ours');
    net.goAdd('go', '10.1.1.51');
  });

  test('CHECK and DEL of a container of ours do not look for what it did', () => {
    expect(effort(() => checkLeases(net.request('ours')))).toEqual({ lists: 0, reads: 2 });
    expect(effort(() => net.del('ours'))).toEqual({ lists: 0, reads: 2 });
  });

  test('ADD, and DEL of a container of its own, list the folder once, for its sum, and read the lease that is new', () => {
    expect(effort(() => net.add('new'))).toEqual({ lists: 1, reads: 1 });
    net.goAdd('more', '10.1.1.53');
    expect(effort(() => expect(net.del('more')).toEqual(['10.1.1.53']))).toEqual({ lists: 1, reads: 2 });
  });

  test('what was caught up with stays known', () => {
    net.find('go');
    expect(effort(() => net.find('go'))).toEqual({ lists: 0, reads: 1 });
    net.goDel('go');
    expect(effort(() => net.add('new'))).toMatchObject({ lists: 1 });
    net.goDel('old-7');
    expect(effort(() => net.add('newer'))).toMatchObject({ lists: 1 });
    expect(net.indexed().filter((name) => name.includes('.seen-'))).toHaveLength(49);
  });
});

describe('no lease of the reference is missed', () => {
  const refused = (id: string): void => expect(() => net.add(id)).toThrow('duplicate allocation');

  test.each<[string, () => void]>([
    ['the last one', () => net.goAdd('x', '10.1.0.3')],
    ['one far from the last', () => net.goAdd('x', '10.1.200.1')],
    [
      'one far off, hidden by one that is next',
      () => {
        net.goAdd('x', '10.1.200.1');
        net.goAdd('y', '10.1.0.3');
      },
    ],
    [
      'many',
      () => {
        for (let i = 3; i < 90; i++) net.goAdd(i === 5 ? 'x' : `go${i}`, `10.1.0.${i}`);
      },
    ],
    [
      'one of the second set',
      () => {
        net.goAdd('x', 'fd00::77');
        net.write('last_reserved_ip.0', '10.1.0.2');
        net.write('last_reserved_ip.1', 'fd00::77');
      },
    ],
    [
      'one after a wrap',
      () => {
        net.goAdd('x', '10.1.255.254');
        net.goAdd('y', '10.1.0.1');
      },
    ],
    [
      'one of which no last_reserved_ip tells',
      () => {
        net.goAdd('x', '10.1.0.9');
        for (const set of [0, 1]) rmSync(`${net.folder}/last_reserved_ip.${set}`, { force: true });
      },
    ],
    [
      'one at the address of a lease that is gone',
      () => {
        net.goDel('a');
        net.goAdd('x', '10.1.0.2');
      },
    ],
    [
      'one at the address of a lease that was removed by hand',
      () => {
        unlinkSync(`${net.folder}/10.1.0.2`);
        net.goAdd('x', '10.1.0.2');
      },
    ],
    ['one in a range that is not ours', () => net.goAdd('x', '192.0.2.1')],
  ])('%s', (_what, change) => {
    for (const command of ['ADD', 'CHECK', 'DEL']) {
      net.remove();
      net = new LeaseFolder(dual);
      net.add('a');
      // A change that is caught up with first, so that there are sums to go by.
      net.goAdd('b', '10.1.7.7');
      net.find('b');
      net.goDel('b');
      net.find('b');
      change();
      const leased = net.leased().filter((address) => net.read(address).startsWith('x\r\n'));
      expect(leased).toHaveLength(1);
      if (command === 'ADD') refused('x');
      if (command === 'CHECK') checkLeases(net.request('x'));
      expect(net.del('x')).toEqual(leased);
    }
  });

  test('both of a container’s, though the first was seen before the second was made', () => {
    net.goAdd('x', '10.1.0.5');
    expect(net.find('x')).toEqual(['10.1.0.5']);
    net.goAdd('x', 'fd00::5');
    expect(net.del('x')).toEqual(['10.1.0.5', 'fd00::5']);
  });

  test('nor one that it makes for an attachment of ours, as it does for an address asked for by name', () => {
    net.add('x');
    net.goAdd('x', '10.1.0.9');
    expect(effort(() => net.find('x', { requestedIPs: ['10.1.0.9'] }))).toMatchObject({ lists: 1 });
    expect(net.del('x')).toEqual(['10.1.0.2', '10.1.0.9', 'fd00::2']);
  });

  test('nor does one get lost where DEL is not told of that address', () => {
    net.add('x');
    net.goAdd('x', '10.1.0.9');
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
    // The next ADD finds it, and from then on so does whoever asks.
    net.add('y');
    expect(net.find('x')).toEqual(['10.1.0.9']);
    expect(gcLeases(net.request(''), [{ containerID: 'y', ifname: 'eth0' }])).toEqual(['10.1.0.9']);
  });
});

describe('the sums', () => {
  const sums = (): string => `${net.folder}/.attachments/sums`;
  const bucketOf = (id: string): string => `${net.folder}/.attachments/${placeOf(id).bucket}`;

  beforeEach(() => {
    net.add('a');
    net.goAdd('b', '10.1.0.9');
    net.find('b');
  });

  test('are of addresses and inodes, of nothing else', () => {
    const sum = (): readonly number[] => sumAddressesSync(net.folder, 0);
    const before = sum();
    for (const name of ['cafe', '10.', 'other']) net.write(name, '');
    symlinkSync('cafe', `${net.folder}/10.1.0.77`);
    expect(sum()).toEqual(before);
    renameSync(`${net.folder}/10.1.0.9`, `${net.folder}/10.1.0.10`);
    expect(sum()).not.toEqual(before);
    renameSync(`${net.folder}/10.1.0.10`, `${net.folder}/10.1.0.9`);
    expect(sum()).toEqual(before);
    linkSync(`${net.folder}/10.1.0.9`, `${net.folder}/keep`);
    unlinkSync(`${net.folder}/10.1.0.9`);
    net.write('10.1.0.9', 'b\r\neth0');
    expect(sum()).not.toEqual(before);
  });

  test('of many folders differ', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      net.write(`10.${i >> 8}.2.${i & 255}`, '');
      seen.add(String(sumAddressesSync(net.folder, 0)));
    }
    expect(seen.size).toBe(300);
  });

  test.each<[string, () => void]>([
    ['missing', () => rmSync(sums())],
    ['cut', () => fs.truncateSync(sums(), 100)],
    ['of another boot', () => writeFileSync(sums(), fs.readFileSync(sums()).fill('0', 0, 8))],
    ['wrong', () => writeFileSync(sums(), fs.readFileSync(sums()).fill(7, 8))],
    [
      'a link',
      () => {
        rmSync(sums());
        symlinkSync(`${net.dataDir}/elsewhere`, sums());
      },
    ],
    [
      'a folder',
      () => {
        rmSync(sums());
        fs.mkdirSync(sums());
      },
    ],
  ])('that are %s cost time and nothing more', (_what, spoil) => {
    spoil();
    net.goAdd('c', '10.1.0.11');
    expect(() => net.add('c')).toThrow('duplicate');
    expect(net.find('b')).toEqual(['10.1.0.9']);
    expect(net.del('c')).toEqual(['10.1.0.11']);
    expect(existsSync(`${net.dataDir}/elsewhere`)).toBe(false);
  });

  test('from before a power cut, which may be older than a bucket, do not count', () => {
    net.goAdd('last', '10.1.0.20');
    net.find('last');
    const [entry] = readdirSync(bucketOf('b')).filter((name) => name.startsWith(placeOf('b').digits));
    const { atime, mtime } = lstatSync(bucketOf('b'));
    unlinkSync(`${bucketOf('b')}/${entry}`);
    utimesSync(bucketOf('b'), atime, mtime);
    utimesSync(net.folder, 5, 5);
    writeFileSync(sums(), fs.readFileSync(sums()).fill('0', 0, 8));
    expect(net.find('b')).toEqual(['10.1.0.9']);
  });

  test('a bucket that the reference changed is summed anew', () => {
    net.goDel('b');
    expect(lstatSync(bucketOf('b')).mtimeMs).toBeGreaterThan(1e12);
    // The same file under the same name, as where an inode is used again, but nobody's entry.
    linkSync(`${net.folder}/10.1.0.2`, `${net.folder}/10.1.0.9`);
    utimesSync(net.folder, 5, 5);
    expect(net.find('a')).toContain('10.1.0.2');
    net.add('other');
    expect(net.find('a')).toContain('10.1.0.9');
  });

  test('an entry too many, and one that is another file, are put right', () => {
    const [entry = ''] = readdirSync(bucketOf('b'));
    linkSync(`${bucketOf('b')}/${entry}`, `${bucketOf('b')}/${entry.replace('.seen-', '.made-')}`);
    linkSync(`${net.folder}/10.1.0.2`, `${bucketOf('b')}/${entry.replace(/\.10\..*/, '.10.1.0.50')}`);
    utimesSync(net.folder, 5, 5);
    net.add('other');
    expect(readdirSync(bucketOf('b')).filter((name) => name.startsWith(placeOf('b').digits))).toHaveLength(1);
    expect(net.find('b')).toEqual(['10.1.0.9']);
  });

  test('there is one for each bucket', () => {
    expect(fs.statSync(sums()).size).toBe(8 + 8 * buckets.length);
  });
});

describe('what an ADD that was killed between two leases left', () => {
  /** The second lease has its name, and no entry yet. */
  beforeEach(() => {
    net.add('x');
    net.add('ours');
    net.goAdd('go', '10.1.0.9');
    const { bucket, digits } = placeOf('x');
    const folder = `${net.folder}/.attachments/${bucket}`;
    const entry = readdirSync(folder).find((name) => name.startsWith(digits) && name.endsWith('fd00::2'));
    renameSync(`${folder}/${entry}`, `${net.folder}/.attachments/draft`);
  });

  test('goes with its DEL', () => {
    expect(net.find('x')).toEqual(['10.1.0.2', 'fd00::2']);
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after that of another', () => {
    expect(net.del('ours')).toHaveLength(2);
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after an ADD', () => {
    net.add('y');
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after a CHECK that took an entry out of the same folder', () => {
    const neighbour = Array.from({ length: 5000 }, (_, index) => `n${index}`).find(
      (id) => placeOf(id).bucket === placeOf('x').bucket,
    );
    const { bucket, digits } = placeOf(neighbour ?? '');
    net.write('10.1.0.20', `${neighbour}\r\neth0`);
    for (const address of ['10.1.0.20', '10.1.0.21']) {
      linkSync(
        `${net.folder}/10.1.0.20`,
        `${net.folder}/.attachments/${bucket}/${digits}.seen-00000000.${address}`,
      );
    }
    checkLeases(net.request(neighbour ?? ''));
    expect(net.indexed().filter((name) => name.includes('00000000'))).toHaveLength(1);
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after a GC', () => {
    gcLeases(net.request(''), [{ containerID: 'x', ifname: 'eth0' }]);
    net.goAdd('z', '10.1.0.10');
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });
});

test.each(['10.1.0.2', 'fd00::2'])(
  'a DEL of the reference that was killed after it took the entry of %s: ours ends the rest',
  (address) => {
    const ends: ((id: string) => string[])[] = [(id) => net.find(id), (id) => net.del(id)];
    for (const end of ends) {
      net.remove();
      net = new LeaseFolder(dual);
      net.add('x');
      const folder = `${net.folder}/.attachments/${placeOf('x').bucket}`;
      for (const name of readdirSync(folder)) if (name.endsWith(address)) unlinkSync(`${folder}/${name}`);
      expect(end('x')).toEqual(['10.1.0.2', 'fd00::2']);
    }
  },
);
