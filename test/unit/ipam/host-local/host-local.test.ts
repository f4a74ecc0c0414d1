import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { CniError } from '../../../../cni/error.ts';
import { formatResult } from '../../../../cni/print-result.ts';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { addLeases, checkLeases, planLeases } from '../../../../ipam/host-local/host-local.ts';
import { parseResolvConf } from '../../../../ipam/host-local/resolv-conf.ts';
import { hostLocalStatus } from '../../../../ipam/host-local/status.ts';
import { LeaseFolder } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const small = { subnet: '10.1.2.0/29' };
let net = new LeaseFolder(small);
beforeEach(() => {
  net = new LeaseFolder(small);
});
afterEach(() => net.remove());

/** The error that something ends with. */
function errorOf(action: () => unknown): Pick<CniError, 'code' | 'msg' | 'details'> {
  try {
    action();
  } catch (error) {
    if (error instanceof CniError) return { code: error.code, msg: error.msg, details: error.details };
    throw error;
  }
  throw new Error('no error');
}

test('addresses go round, the gateway left out, and a full range says so', () => {
  expect(['a', 'b', 'c', 'd', 'e'].map((id) => net.add(id)[0])).toEqual([
    '10.1.2.2/29',
    '10.1.2.3/29',
    '10.1.2.4/29',
    '10.1.2.5/29',
    '10.1.2.6/29',
  ]);
  expect(errorOf(() => net.add('f'))).toEqual({
    code: 11,
    msg: 'no IP addresses available in range set: 10.1.2.1-10.1.2.6 (5 addresses, 5 leased)',
    details: net.folder,
  });
  expect(net.del('b')).toEqual(['10.1.2.3']);
  expect(net.add('f')).toEqual(['10.1.2.3/29']);
});

test('the address after the last one is next, not the one given back', () => {
  net.add('a');
  net.del('a');
  expect(net.add('b')).toEqual(['10.1.2.3/29']);
});

test('a lease holds the container and the interface, readable by its owner alone', () => {
  net.add('c1');
  expect(net.read('10.1.2.2')).toBe('c1\r\neth0');
  expect(statSync(`${net.folder}/10.1.2.2`).mode & 0o777).toBe(0o600);
  expect(statSync(`${net.folder}/lock`).mode & 0o777).toBe(0o600);
  expect(statSync(net.folder).mode & 0o777).toBe(0o755);
  expect(net.read('last_reserved_ip.0')).toBe('10.1.2.2');
});

test('a shorter address replaces a longer one in last_reserved_ip', () => {
  net.write('last_reserved_ip.0', '10.1.2.6'.padEnd(40, ' '));
  expect(net.add('a')).toEqual(['10.1.2.2/29']);
  expect(net.read('last_reserved_ip.0')).toBe('10.1.2.2');
});

test('a second lease for an attachment is refused, for another interface it is not', () => {
  net.add('c1');
  expect(errorOf(() => net.add('c1'))).toEqual({
    code: 999,
    msg: 'duplicate allocation is not allowed',
    details: '10.1.2.2 is leased to container c1 interface eth0 already',
  });
  expect(net.leased()).toEqual(['10.1.2.2']);
  expect(net.add('c1', { ifname: 'eth1' })).toEqual(['10.1.2.3/29']);
  expect(net.del('c1')).toEqual(['10.1.2.2']);
  expect(net.del('c1')).toEqual([]);
  expect(net.find('c1', { ifname: 'eth1' })).toEqual(['10.1.2.3']);
});

test.each([' c1\n', 'c1', 'c1\r\n'])('a lease of the oldest format is its container’s: %j', (content) => {
  net.write('10.1.2.5', content);
  expect(net.find('c1')).toEqual(['10.1.2.5']);
  expect(() => net.add('c1')).toThrow('10.1.2.5 is leased');
  expect(net.del('c1')).toEqual(['10.1.2.5']);
});

test('the oldest format gives way to a lease that names the interface', () => {
  net.goAdd('c1', '10.1.2.4');
  net.write('10.1.2.5', 'c1');
  expect(net.del('c1')).toEqual(['10.1.2.4']);
  expect(net.del('c1')).toEqual(['10.1.2.5']);
});

test.each(['', 'nonsense', '192.0.2.1', '10.1.2.300', 'fd00::1'])(
  'a last_reserved_ip of "%s" is no hindrance',
  (content) => {
    net.add('a');
    net.write('last_reserved_ip.0', content);
    expect(net.add('b')).toEqual(['10.1.2.3/29']);
  },
);

test('nor is one that is a folder or a link, which is not followed', () => {
  mkdirSync(`${net.folder}/last_reserved_ip.0`, { recursive: true });
  symlinkSync(`${net.dataDir}/elsewhere`, `${net.folder}/last_reserved_ip.1`);
  const ranges = [[{ subnet: 'fd00::/64' }]];
  expect(net.add('a', { ranges })).toEqual(['10.1.2.2/29', 'fd00::2/64']);
  expect(existsSync(`${net.dataDir}/elsewhere`)).toBe(false);
  expect(net.warnings).toHaveLength(2);
});

test.each(['', ' \r\n', '\0\0\0\0\0\0'])('a file that names no container is no lease: %j', (content) => {
  net.write('10.1.2.2', content);
  expect(net.find('c1')).toEqual([]);
  net.write('10.1.2.2', content);
  expect(net.add('a')).toEqual(['10.1.2.2/29']);
  const line = `reclaimed ${net.folder}/10.1.2.2: it names no container`;
  expect(net.warnings).toEqual([line, line]);
});

test('one address of each range set, all or none', () => {
  const both = { ranges: [[{ subnet: 'fd00::/64' }]] };
  expect(net.add('a', both)).toEqual(['10.1.2.2/29', 'fd00::2/64']);
  expect(net.del('a', both)).toEqual(['10.1.2.2', 'fd00::2']);
  const narrow = { ranges: [[{ subnet: 'fd01::/64', rangeStart: 'fd01::2', rangeEnd: 'fd01::2' }]] };
  net.add('b', narrow);
  expect(() => net.add('c', narrow)).toThrow('fd01::2-fd01::2 (1 addresses, 1 leased)');
  expect(net.find('c')).toEqual([]);
  expect(net.leased()).toEqual(['10.1.2.3', 'fd01::2']);
});

test('where descriptors run out there is no lease left, and the first error is told', () => {
  const both = { ranges: [[{ subnet: 'fd00::/64' }]] };
  const [open, close, list] = [fs.openSync, fs.closeSync, fs.readdirSync];
  const refused: string[] = [];
  for (let limit = 0; ; limit++) {
    let used = 0;
    const take = (): void => {
      if (used === limit) throw Object.assign(new Error('none left'), { code: 'EMFILE' });
    };
    jest.spyOn(fs, 'openSync').mockImplementation((...args) => {
      take();
      const fd = open(...args);
      used++;
      return fd;
    });
    jest.spyOn(fs, 'closeSync').mockImplementation((fd) => {
      close(fd);
      used--;
    });
    jest.spyOn(fs, 'readdirSync').mockImplementation(((...args: Parameters<typeof list>) => {
      take();
      return list(...args);
    }) as never);
    try {
      net.add('a', both);
      break;
    } catch (error) {
      refused.push(error instanceof CniError ? error.details : String(error));
    } finally {
      jest.restoreAllMocks();
    }
    expect(used).toBe(0);
    expect(net.leased()).toEqual([]);
    expect(net.warnings.filter((line) => line.includes('take back'))).toEqual([]);
  }
  expect(new Set(refused)).toEqual(new Set(['EMFILE']));
  expect(refused.length).toBeGreaterThan(2);
  expect(net.find('a')).toHaveLength(2);
});

test('a requested address is given, or refused by name', () => {
  expect(net.add('a', { requestedIPs: ['10.1.2.5', '10.1.2.5/29'] })).toEqual(['10.1.2.5/29']);
  const refusal = (...requestedIPs: string[]) => errorOf(() => net.add('b', { requestedIPs }));
  const not = (address: string): string => `requested IP address ${address} is not available`;
  expect(refusal('10.1.2.5/29')).toEqual({
    code: 11,
    msg: `${not('10.1.2.5')} in range set 10.1.2.1-10.1.2.6`,
    details: 'it is leased to container a',
  });
  expect(refusal('10.1.2.1')).toEqual({
    code: 7,
    msg: `${not('10.1.2.1')} in range set 10.1.2.1-10.1.2.6`,
    details: 'it is the gateway',
  });
  expect(refusal('10.9.9.9')).toEqual({
    code: 7,
    msg: not('10.9.9.9'),
    details: 'it is in no range of network net',
  });
  expect(refusal('10.1.2.3', '10.1.2.4')).toEqual({
    code: 7,
    msg: not('10.1.2.4'),
    details: 'range set 10.1.2.0/29 has given 10.1.2.3 already; one address of each set is leased',
  });
  expect(refusal('x')).toEqual({
    code: 7,
    msg: 'invalid requested address',
    details: '"x" is no IP address',
  });
  expect(net.leased()).toEqual(['10.1.2.5']);
});

test('requested addresses of two families come each from its set', () => {
  const ranges = [[{ subnet: 'fd00::/64' }]];
  const requestedIPs = ['FD00:0::9/64', '10.1.2.6'];
  expect(net.add('a', { ranges, requestedIPs })).toEqual(['10.1.2.6/29', 'fd00::9/64']);
});

test('routes, gateway and resolver come with the addresses', () => {
  const resolvConf = `${net.dataDir}/resolv.conf`;
  writeFileSync(resolvConf, 'nameserver 10.1.2.1\n');
  const routes = [
    { dst: '0.0.0.0/0' },
    { dst: 'FD00:0::/8', gw: 'FD00::1', mtu: 1400, table: 7, priority: 3 },
  ];
  const result = addLeases(net.request('a', { resolvConf, routes, gateway: '10.1.2.6' }));
  expect(JSON.parse(formatResult(result, '1.1.0'))).toEqual({
    cniVersion: '1.1.0',
    ips: [{ address: '10.1.2.1/29', gateway: '10.1.2.6' }],
    routes: [{ dst: '0.0.0.0/0' }, { dst: 'fd00::/8', gw: 'fd00::1', mtu: 1400, table: 7, priority: 3 }],
    dns: { nameservers: ['10.1.2.1'] },
  });
  expect(errorOf(() => net.add('b', { resolvConf: '/nonexistent' }))).toMatchObject({
    code: 5,
    details: 'ENOENT',
  });
  expect(() => net.add('b', { routes: [{ dst: 'default' }] })).toThrow(
    'routes[0].dst: "default" is not a subnet',
  );
  expect(net.leased()).toEqual(['10.1.2.1']);
});

test('a plan says what an ADD would, and touches nothing', () => {
  expect(() => planLeases(net.request('a', { requestedIPs: ['x'] }))).toThrow('"x" is no IP address');
  expect(() => planLeases(net.request('a', { subnet: 'x' }))).toThrow('"x" is no subnet');
  const plan = planLeases(net.request('a', { subnet: '10.1.2.1/29' }));
  const warnings = [expect.stringContaining('subnet 10.1.2.1/29 has host bits set')];
  expect([net.warnings, readdirSync(net.dataDir)]).toEqual([warnings, []]);
  addLeases(net.request('a', { subnet: '10.1.2.1/29' }), plan);
  expect([net.warnings, net.leased()]).toEqual([warnings, ['10.1.2.3']]);
});

describe('what should not be there', () => {
  test('a link in the place of a lease', () => {
    net.add('a');
    symlinkSync('/etc/hostname', `${net.folder}/10.1.2.3`);
    expect(errorOf(() => net.add('b'))).toEqual({
      code: 5,
      msg: `cannot use ${net.folder}/10.1.2.3`,
      details: 'it is a symbolic link, which is not followed',
    });
    expect(errorOf(() => net.add('b', { requestedIPs: ['10.1.2.3'] })).code).toBe(5);
    expect(net.del('a')).toEqual(['10.1.2.2']);
    expect(net.leased()).toEqual(['10.1.2.3']);
  });

  test.each(['lock', '.attachments'])('a link in the place of %s', (name) => {
    mkdirSync(net.folder);
    mkdirSync(`${net.dataDir}/elsewhere`);
    symlinkSync(`${net.dataDir}/elsewhere`, `${net.folder}/${name}`);
    expect(errorOf(() => net.add('a'))).toMatchObject({
      code: 5,
      msg: expect.stringContaining(`${net.folder}/${name}`),
      details: expect.stringContaining('not followed'),
    });
    expect(readdirSync(`${net.dataDir}/elsewhere`)).toEqual([]);
    expect(net.leased()).toEqual([]);
  });

  test('a link in the place of a bucket of the index', () => {
    net.add('a');
    mkdirSync(`${net.dataDir}/elsewhere`);
    const [bucket] = readdirSync(`${net.folder}/.attachments`);
    rmSync(`${net.folder}/.attachments/${bucket}`, { recursive: true });
    symlinkSync(`${net.dataDir}/elsewhere`, `${net.folder}/.attachments/${bucket}`);
    expect(errorOf(() => net.add('a')).details).toContain('not followed');
    expect(readdirSync(`${net.dataDir}/elsewhere`)).toEqual([]);
  });

  test('a link in the place of the folder', () => {
    mkdirSync(`${net.dataDir}/elsewhere`);
    symlinkSync('elsewhere', net.folder);
    expect(errorOf(() => net.add('a')).details).toContain('not followed');
  });

  test('a file in the place of dataDir', () => {
    const dataDir = `${net.dataDir}/file`;
    writeFileSync(dataDir, '');
    expect(errorOf(() => net.add('a', { dataDir }))).toEqual({
      code: 5,
      msg: `cannot create lease folder ${dataDir}/net`,
      details: 'ENOTDIR',
    });
    expect(net.del('a', { dataDir })).toEqual([]);
  });
});

test('without a folder there is no lease, and none is made', () => {
  expect(net.find('a')).toEqual([]);
  expect(net.del('a')).toEqual([]);
  expect(existsSync(net.folder)).toBe(false);
});

test('CHECK wants a lease of that container and interface', () => {
  net.add('a');
  checkLeases(net.request('a'));
  expect(errorOf(() => checkLeases(net.request('b')))).toEqual({
    code: 3,
    msg: 'no address is leased to container b interface eth0',
    details: net.folder,
  });
  expect(() => checkLeases(net.request('a', { ifname: 'eth1' }))).toThrow('eth1');
});

test('GC ends what belongs to no valid attachment', () => {
  net.add('a');
  net.add('a', { ifname: 'eth1' });
  net.goAdd('b', '10.1.2.5');
  net.write('10.1.2.6', 'c');
  const gc = (valid: { containerID: string; ifname: string }[]) => gcLeases(net.request('any'), valid).sort();
  expect(
    gc([
      { containerID: 'a', ifname: 'eth1' },
      { containerID: 'c', ifname: 'eth0' },
    ]),
  ).toEqual(['10.1.2.2', '10.1.2.5']);
  expect(net.leased()).toEqual(['10.1.2.3', '10.1.2.6']);
  expect(gc([])).toEqual(['10.1.2.3', '10.1.2.6']);
  expect(net.indexed()).toEqual([]);
});

describe('STATUS', () => {
  const status = (config = {}): void => hostLocalStatus(net.request('', config));

  test('is well before the first ADD and until the range is full', () => {
    status();
    expect(readdirSync(net.dataDir)).toEqual([]);
    for (const id of ['a', 'b', 'c', 'd']) net.add(id);
    status();
    net.add('e');
    expect(errorOf(status)).toMatchObject({
      code: 50,
      msg: expect.stringContaining('5 addresses, 5 leased'),
    });
    net.del('c');
    status();
  });

  test('says what is in the way', () => {
    const dataDir = `${net.dataDir}/file`;
    writeFileSync(dataDir, '');
    expect(errorOf(() => status({ dataDir }))).toEqual({
      code: 50,
      msg: `cannot write ${dataDir}/net`,
      details: `${dataDir} is no folder`,
    });
    expect(errorOf(() => status({ resolvConf: '/nonexistent' })).code).toBe(50);
    expect(errorOf(() => status({ subnet: '10.1.2.0/31' })).code).toBe(7);
    if (process.getuid?.() === 0) return;
    chmodSync(net.dataDir, 0o500);
    expect(errorOf(status).details).toBe('EACCES');
    chmodSync(net.dataDir, 0o700);
  });
});

test('resolv.conf', () => {
  const text =
    '# a\n;b\nnameserver 10.0.0.1\n nameserver\tfd00::1 # x\ndomain a.b\nsearch a.b c.d\noptions ndots:2\nsearch\n';
  expect(parseResolvConf(text)).toEqual({
    nameservers: ['10.0.0.1', 'fd00::1'],
    domain: 'a.b',
    search: ['a.b', 'c.d'],
    options: ['ndots:2'],
  });
});

test('any course of ADDs and DELs, ours and the reference’s, leaves what a naive model says', () => {
  const command = fc.record({
    verb: fc.constantFrom('add', 'del', 'goAdd', 'goDel'),
    id: fc.nat(7),
    at: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const folder = new LeaseFolder(small);
      const owners = new Map<string, string>();
      let last = 1;
      const of = (id: string): string[] =>
        [...owners]
          .filter(([, owner]) => owner === id)
          .map(([address]) => address)
          .sort();
      for (const { verb, id: number, at } of commands) {
        const id = `c${number}`;
        if (verb === 'add') {
          const free = [1, 2, 3, 4, 5]
            .map((step) => ((last - 2 + step + 5) % 5) + 2)
            .find((host) => !owners.has(`10.1.2.${host}`));
          if (of(id).length > 0 || free === undefined) {
            expect(() => folder.add(id)).toThrow();
            continue;
          }
          expect(folder.add(id)).toEqual([`10.1.2.${free}/29`]);
          owners.set(`10.1.2.${free}`, id);
          last = free;
        } else if (verb === 'goAdd') {
          const address = `10.1.2.${at + 2}`;
          // It refuses an attachment that has a lease, as long as none is asked for by name.
          if (owners.has(address) || of(id).length > 0) continue;
          folder.goAdd(id, address);
          owners.set(address, id);
          last = at + 2;
        } else {
          if (verb === 'del') expect(folder.del(id)).toEqual(of(id));
          else folder.goDel(id);
          for (const address of of(id)) owners.delete(address);
        }
        expect(folder.leased()).toEqual([...owners.keys()].sort());
        for (const owner of owners.values()) expect(folder.find(owner)).toEqual(of(owner));
      }
      folder.remove();
    }),
    { numRuns: 60 },
  );
});
