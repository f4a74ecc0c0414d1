import { article } from '../support/article.ts';
import { call, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

/** Two families, two routes and DNS: everything that a result can contain. */
const conf = {
  ...article,
  dns: { nameservers: ['10.15.20.1'], domain: 'example.org', search: ['example.org'], options: ['ndots:2'] },
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
    routes: [
      { dst: '0.0.0.0/0', mtu: 1400, advmss: 1300, priority: 7 },
      { dst: 'fd01::/16', gw: 'fd00:15:20::9', table: 100, scope: 0 },
    ],
  },
};
const mac = expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
const interfaces = [
  { name: 'lab-br1', mac },
  { name: expect.stringMatching(/^veth[0-9a-f]{8}$/), mac },
  { name: 'eth0', mac, sandbox: '/run/netns/c1' },
];
const ip4 = { interface: 2, address: '10.15.20.2/24', gateway: '10.15.20.1' };
const ip6 = { interface: 2, address: 'fd00:15:20::2/64', gateway: 'fd00:15:20::1' };
const { dns, ipam } = conf;

const oldest = {
  ip4: { ip: ip4.address, gateway: ip4.gateway, routes: [{ dst: '0.0.0.0/0' }] },
  ip6: { ip: ip6.address, gateway: ip6.gateway, routes: [{ dst: 'fd01::/16', gw: 'fd00:15:20::9' }] },
  dns,
};
const older = {
  interfaces,
  ips: [
    { version: '4', ...ip4 },
    { version: '6', ...ip6 },
  ],
  routes: ipam.routes,
  dns,
};
const newer = { interfaces, ips: [ip4, ip6], routes: ipam.routes, dns };

const shapes: [string, object][] = [
  ['0.1.0', oldest],
  ['0.2.0', oldest],
  ['0.3.0', older],
  ['0.3.1', older],
  ['0.4.0', older],
  ['1.0.0', newer],
  ['1.1.0', newer],
];

describe.each(executables)('results of %s', (_name, bridge) => {
  const host = useHost('c1');

  test.each(shapes)('have the shape of version %s', (cniVersion, shape) => {
    const { status, stdout } = call(host, bridge, 'ADD', { conf: { ...conf, cniVersion } });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ cniVersion, ...shape });
    expect(stdout).toContain('\n    "cniVersion"');
  });

  test.each(['0.1.0', '0.2.0'])(
    'version %s without IPAM: no address, and the interface is there',
    (cniVersion) => {
      const request = { conf: { ...conf, cniVersion, ipam: {}, dns: {} } };
      const { status, stdout } = call(host, bridge, 'ADD', request);
      expect([status, JSON.parse(stdout)]).toEqual([0, { cniVersion, dns: {} }]);
      expect(host.sh('ip -n c1 -br link show eth0')).toContain('UP');
      expect(call(host, bridge, 'DEL', request)).toEqual({ status: 0, stdout: '', stderr: '' });
    },
  );

  test('no version in the configuration is 0.1.0', () => {
    const { status, stdout } = call(host, bridge, 'ADD', { conf: { ...conf, cniVersion: undefined } });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ cniVersion: '0.1.0', ...oldest });
  });
});
