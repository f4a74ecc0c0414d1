import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { placeOf } from '../../ipam/leases/attachment-index.ts';
import { useDirectory } from '../support/leases.ts';
import { useHost } from '../support/use-host.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const net = useDirectory(new SharedDirectory({ subnet: '10.1.0.0/24' }));

/** What is put in place of a file or directory of host-local; links point outside. */
const plant: Record<string, (path: string) => void> = {
  'a link to a file': (path) => symlinkSync(`${net.dataDir}/precious`, path),
  'a link to nothing': (path) => symlinkSync(`${net.dataDir}/nothing`, path),
  'a link to a directory': (path) => symlinkSync(`${net.dataDir}/elsewhere`, path),
  'a pipe': (path) => execFileSync('mkfifo', [path]),
  'a directory': (path) => mkdirSync(path),
};

describe.each(hostLocals)('%s is not misled by something else in the place of', (_name, ours) => {
  const bucket = `.attachments/${placeOf('c1').bucket}`;

  beforeEach(() => {
    mkdirSync(`${net.dataDir}/elsewhere`);
    writeFileSync(`${net.dataDir}/precious`, 'precious');
    net.lease(ours, 'other', { args: 'IP=10.1.0.99' });
    net.lease(reference, 'theirs', { args: 'IP=10.1.0.98' });
    net.write('last_reserved_ip.0', '10.1.0.1');
  });

  /** Nothing outside was touched, and no lease was lost. */
  function expectUnharmed(): void {
    expect(readdirSync(`${net.dataDir}/elsewhere`)).toEqual([]);
    expect(readFileSync(`${net.dataDir}/precious`, 'utf8')).toBe('precious');
    expect(existsSync(`${net.dataDir}/nothing`)).toBe(false);
    expect([net.read('10.1.0.99'), net.read('10.1.0.98')]).toEqual(['other\r\neth0', 'theirs\r\neth0']);
  }

  /** Puts it there, after freeing the name. */
  function put(kind: string, name: string): string {
    const path = `${net.directory}/${name}`;
    mkdirSync(`${net.directory}/.attachments`, { recursive: true });
    rmSync(path, { recursive: true, force: true });
    plant[kind]?.(path);
    return path;
  }

  test('a directory that the disk fails to list, which must not pass for an empty one', () => {
    net.lease(ours, 'c1');
    const under = ['strace', '-o', '/dev/null', '-e', 'inject=getdents64:error=EIO'];
    for (const command of ['CHECK', 'DEL']) {
      const { code, details } = net.refusal(ours, command, 'c1', { under });
      expect([command, code, details]).toEqual([command, 5, expect.stringContaining('EIO')]);
    }
    net.must(ours, 'CHECK', 'c1');
    net.must(ours, 'DEL', 'c1');
    expect(net.leased()).toEqual(['10.1.0.98', '10.1.0.99']);
  });

  test.each(Object.keys(plant))('a lease: %s', (kind) => {
    const path = put(kind, '10.1.0.2');
    const error = net.refusal(ours, 'ADD', 'c1');
    expect([error.code, error.msg]).toEqual([5, `cannot use ${path}`]);
    expect(net.refusal(ours, 'ADD', 'c1', { args: 'IP=10.1.0.2' }).code).toBe(5);
    expect(net.refusal(ours, 'CHECK', 'c1').code).toBe(3);
    net.must(ours, 'DEL', 'c1');
    expect(net.leased()).toEqual(['10.1.0.2', '10.1.0.98', '10.1.0.99']);
    expectUnharmed();
    rmSync(path, { recursive: true });
    expect(net.lease(ours, 'c1')).toEqual(['10.1.0.2/24']);
  });

  test.each(Object.keys(plant))('the lock: %s', (kind) => {
    const path = put(kind, 'lock');
    for (const command of ['ADD', 'CHECK', 'DEL']) {
      const { code, msg } = net.refusal(ours, command, 'other');
      expect([code, msg]).toEqual([5, expect.stringContaining(path)]);
    }
    expectUnharmed();
    rmSync(path, { recursive: true });
    net.must(ours, 'DEL', 'other');
  });

  test.each(Object.keys(plant))('last_reserved_ip: %s', (kind) => {
    const path = put(kind, 'last_reserved_ip.0');
    const { status, stderr } = net.call(ours, 'ADD', 'c1');
    expect([status, stderr]).toEqual([0, expect.stringContaining(`cannot write ${path}`)]);
    net.must(ours, 'CHECK', 'c1');
    expect(net.read('10.1.0.2')).toBe('c1\r\neth0');
    expectUnharmed();
  });

  test.each(Object.keys(plant).filter((kind) => kind !== 'a directory'))('the index: %s', (kind) => {
    const path = put(kind, '.attachments');
    for (const command of ['ADD', 'CHECK', 'DEL']) {
      const { code, msg } = net.refusal(ours, command, 'other');
      expect([command, code, msg]).toEqual([command, 5, `cannot use ${path}`]);
    }
    expect(net.leased()).toEqual(['10.1.0.98', '10.1.0.99']);
    expectUnharmed();
    rmSync(path, { recursive: true });
    net.must(ours, 'CHECK', 'other');
  });

  test.each(Object.keys(plant).filter((kind) => kind !== 'a directory'))(
    'a directory of the index: %s',
    (kind) => {
      const path = put(kind, bucket);
      // It would look there for the one lease to add, and for that of the Go host-local.
      net.write('10.1.0.2', 'c1\r\neth0');
      for (const command of ['ADD', 'CHECK', 'DEL']) {
        const { code, msg } = net.refusal(ours, command, 'c1');
        expect([command, code, msg]).toEqual([command, 5, `cannot use ${path}`]);
      }
      expect(net.leased()).toEqual(['10.1.0.2', '10.1.0.98', '10.1.0.99']);
      expectUnharmed();
      rmSync(path);
      net.must(ours, 'DEL', 'c1');
      expect(net.leased()).toEqual(['10.1.0.98', '10.1.0.99']);
    },
  );

  test.each(Object.keys(plant))('the draft: %s', (kind) => {
    const path = put(kind, '.attachments/draft');
    if (kind === 'a directory') {
      const { code, msg } = net.refusal(ours, 'ADD', 'c1');
      expect([code, msg]).toEqual([5, expect.stringContaining(path)]);
      expect(net.leased()).toEqual(['10.1.0.98', '10.1.0.99']);
    } else {
      expect(net.lease(ours, 'c1')).toEqual(['10.1.0.2/24']);
      expect(net.read('10.1.0.2')).toBe('c1\r\neth0');
    }
    net.must(ours, 'DEL', 'c1');
    expectUnharmed();
  });

  test('the network’s directory, which is then refused by name', () => {
    net.must(ours, 'DEL', 'other');
    for (const kind of Object.keys(plant).filter((one) => one !== 'a directory')) {
      rmSync(net.directory, { recursive: true });
      plant[kind]?.(net.directory);
      const { code, msg } = net.refusal(ours, 'ADD', 'c1');
      expect([kind, code, msg]).toEqual([kind, 5, expect.stringContaining(net.directory)]);
      expect(readdirSync(`${net.dataDir}/elsewhere`)).toEqual([]);
      expect(existsSync(`${net.dataDir}/nothing`)).toBe(false);
    }
  });

  test('the data directory, which is then refused by name', () => {
    for (const name of ['precious', 'nothing', 'pipe']) {
      if (name === 'nothing') plant['a link to nothing']?.(`${net.dataDir}/nothing-link`);
      if (name === 'pipe') plant['a pipe']?.(`${net.dataDir}/pipe`);
      const dataDir = `${net.dataDir}/${name === 'nothing' ? 'nothing-link' : name}`;
      const { code, msg } = net.refusal(ours, 'ADD', 'c1', { ipam: { dataDir } });
      expect([name, code, msg]).toEqual([name, 5, expect.stringContaining(dataDir)]);
      net.must(ours, 'DEL', 'c1', { ipam: { dataDir } });
    }
    expectUnharmed();
  });
});

describe.each(hostLocals)('%s', (_name, ours) => {
  test('an exhausted range says how many addresses it has, and how many are leased', () => {
    const ipam = { subnet: '10.1.0.0/29' };
    for (let i = 0; i < 5; i++) net.lease(i === 2 ? reference : ours, `c${i}`, { ipam });
    const { code, msg, details } = net.refusal(ours, 'ADD', 'c9', { ipam });
    expect([code, msg, details]).toEqual([
      11,
      'no IP addresses available in range set: 10.1.0.1-10.1.0.6 (5 addresses, 5 leased)',
      net.directory,
    ]);
  });

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['half written', '10.1.'],
    ['outside the range', '192.0.2.1'],
    ['of the other family', 'fd00::9'],
    ['zeros', '\0'.repeat(4096)],
    ['a megabyte', 'x'.repeat(1 << 20)],
    ['the end of the range', '10.1.0.254'],
  ])('last_reserved_ip that is %s costs the round robin its place and nothing more', (_what, content) => {
    net.lease(ours, 'c1');
    if (content === undefined) rmSync(`${net.directory}/last_reserved_ip.0`);
    else net.write('last_reserved_ip.0', content);
    expect(net.lease(ours, 'c2')).toEqual(['10.1.0.3/24']);
    expect(net.read('last_reserved_ip.0')).toBe('10.1.0.3');
    expect(net.lease(reference, 'c3')).toEqual(['10.1.0.4/24']);
  });

  test.each([
    ['an empty', ''],
    ['a half-written', '\r\n'],
    ['a zeroed', '\0'.repeat(20)],
  ])('%s lease is not a lease', (_what, content) => {
    net.write('10.1.0.2', content);
    const { status, stderr } = net.call(ours, 'ADD', 'c1');
    expect([status, stderr]).toEqual([0, expect.stringContaining(`reclaimed ${net.directory}/10.1.0.2`)]);
    expect(net.read('10.1.0.2')).toBe('c1\r\neth0');
  });
});

describe.each(hostLocals)('%s on a disk', (_name, ours) => {
  const host = useHost();
  const ipam = { dataDir: '/run/small', ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] };
  const options = () => ({ ipam: { ...ipam, subnet: undefined }, under: ['nsenter', ...host.entering] });
  const leases = (): string =>
    host.sh('cd /run/small && find . -name "10.*" -o -name "fd*" -o -name "*.10.*"');

  beforeEach(() => void host.sh('mkdir /run/small'));

  test('that is read-only: code 5 where there are leases; with none, DEL has nothing to do', () => {
    host.sh('mount -t tmpfs none /run/small && mkdir /run/small/net && mount -o remount,ro /run/small');
    expect(net.refusal(ours, 'ADD', 'c1', options()).code).toBe(5);
    expect(net.refusal(ours, 'CHECK', 'c1', options()).code).toBe(3);
    net.must(ours, 'DEL', 'c1', options());
    host.sh('mount -o remount,rw /run/small');
    net.lease(ours, 'c1', options());
    host.sh('mount -o remount,ro /run/small');
    for (const command of ['ADD', 'DEL', 'CHECK']) {
      const { code, msg, details } = net.refusal(ours, command, 'c1', options());
      expect([command, code, msg, details]).toEqual([
        command,
        5,
        'cannot open lock /run/small/net/lock',
        'EROFS',
      ]);
    }
  });

  test.each([
    ['inodes', (room: number) => `nr_inodes=${room + 1}`, 'nr_inodes=100'],
    ['blocks', (room: number) => `size=${room * 4}k`, 'size=1m'],
  ])('with too few %s, however few: no lease; with enough, one', (what, few, enough) => {
    let failed = 0;
    for (let room = what === 'blocks' ? 1 : 0; ; room++) {
      host.sh(`mount -t tmpfs -o ${few(room)} none /run/small`);
      if (what === 'blocks') {
        // A size of zero would mean no limit, so one block is used up.
        host.sh('head -c 4096 /dev/zero >/run/small/filler');
      }
      const { status, stdout } = net.call(ours, 'ADD', 'c1', options());
      if (status === 0) {
        host.sh('umount /run/small');
        break;
      }
      failed++;
      expect([room, JSON.parse(stdout)]).toEqual([room, expect.objectContaining({ code: 5 })]);
      expect(stdout).toContain('ENOSPC');
      expect(leases()).toBe('');
      net.must(ours, 'DEL', 'c1', options());
      host.sh(`mount -o remount,${enough} /run/small`);
      expect(net.lease(ours, 'c1', options())).toHaveLength(2);
      net.must(reference, 'CHECK', 'c1', options());
      net.must(reference, 'DEL', 'c1', options());
      expect(leases()).toBe('');
      host.sh('umount /run/small');
    }
    expect(failed).toBeGreaterThan(what === 'blocks' ? 0 : 3);
  });

  test('that fills up: what is leased is checked and released', () => {
    host.sh('mount -t tmpfs -o size=1m,nr_inodes=100 none /run/small');
    net.lease(ours, 'c1', options());
    net.lease(reference, 'c2', options());
    host.sh(`cd /run/small && ! dd if=/dev/zero of=filler bs=4k 2>/dev/null
      i=0; while touch i$i 2>/dev/null; do i=$((i + 1)); done`);
    expect(net.refusal(ours, 'ADD', 'c3', options()).code).toBe(5);
    for (const id of ['c1', 'c2']) {
      net.must(ours, 'CHECK', id, options());
      net.must(ours, 'DEL', id, options());
    }
    expect(leases()).toBe('');
  });
});
