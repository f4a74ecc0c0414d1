import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { formatResult } from '../../../../cni/print-result.ts';
import { addLeases } from '../../../../ipam/host-local/add.ts';
import { checkLeases } from '../../../../ipam/host-local/host-local.ts';
import { planLeases } from '../../../../ipam/host-local/plan.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

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
    details: net.directory,
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
  expect(statSync(`${net.directory}/10.1.2.2`).mode & 0o777).toBe(0o600);
  expect(statSync(`${net.directory}/lock`).mode & 0o777).toBe(0o600);
  expect(statSync(net.directory).mode & 0o777).toBe(0o755);
  expect(net.read('last_reserved_ip.0')).toBe('10.1.2.2');
});

test('a second lease for an attachment is refused, for another interface it is not', () => {
  net.add('c1');
  expect(errorOf(() => net.add('c1'))).toEqual({
    code: 999,
    msg: '10.1.2.2 has been allocated to c1, duplicate allocation is not allowed',
    details: `${net.directory}/10.1.2.2 is the lease of an earlier ADD of eth0 without a DEL: call DEL first`,
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
  expect(() => net.add('c1')).toThrow(
    '10.1.2.5 has been allocated to c1, duplicate allocation is not allowed',
  );
  expect(net.del('c1')).toEqual(['10.1.2.5']);
});

test('the oldest format gives way to a lease that names the interface', () => {
  net.goAdd('c1', '10.1.2.4');
  net.write('10.1.2.5', 'c1');
  expect(net.del('c1')).toEqual(['10.1.2.4']);
  expect(net.del('c1')).toEqual(['10.1.2.5']);
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
    'routes[0].dst: invalid CIDR address: default',
  );
  expect(net.leased()).toEqual(['10.1.2.1']);
});

test('a plan says what an ADD would, and touches nothing', () => {
  expect(() => planLeases(net.request('a', { requestedIPs: ['x'] }))).toThrow('invalid IP address x');
  expect(() => planLeases(net.request('a', { subnet: 'x' }))).toThrow('invalid CIDR address: x');
  const plan = planLeases(net.request('a', { subnet: '10.1.2.1/29' }));
  const warnings = [expect.stringContaining('subnet 10.1.2.1/29 has host bits set')];
  expect([net.warnings, readdirSync(net.dataDir)]).toEqual([warnings, []]);
  addLeases(net.request('a', { subnet: '10.1.2.1/29' }), plan);
  expect([net.warnings, net.leased()]).toEqual([warnings, ['10.1.2.3']]);
});

test('without a directory there is no lease, and none is made', () => {
  expect(net.find('a')).toEqual([]);
  expect(net.del('a')).toEqual([]);
  expect(existsSync(net.directory)).toBe(false);
});

test('CHECK wants a lease of that container and interface', () => {
  net.add('a');
  checkLeases(net.request('a'));
  expect(errorOf(() => checkLeases(net.request('b')))).toEqual({
    code: 3,
    msg: 'host-local: Failed to find address added by container b',
    details: `no address is leased to container b interface eth0 in ${net.directory}`,
  });
  expect(() => checkLeases(net.request('a', { ifname: 'eth1' }))).toThrow('eth1');
});
