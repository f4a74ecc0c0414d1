import { articleAs } from '../support/article.ts';
import { add, call, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = articleAs('1.1.0');
const { ipam: _ipam, ...withoutIpam } = conf;
const layer2 = { ...withoutIpam, isGateway: false, ipMasq: false };

/** The bridge as another program left it. */
const bridges: [string, string][] = [
  ['never had a port', 'ip link add lab-br1 type bridge'],
  [
    'lost its last port',
    'ip link add lab-br1 type bridge; ip link add p0 master lab-br1 type veth peer name p1; ip link del p0',
  ],
  [
    'has a port with a low MAC address',
    'ip link add lab-br1 type bridge; ip link add p0 address 02:00:00:00:00:01 master lab-br1 type veth peer name p1',
  ],
  [
    'has a port with the highest MAC address',
    'ip link add lab-br1 type bridge; ip link add p0 address fe:ff:ff:ff:ff:ff master lab-br1 type veth peer name p1',
  ],
  ['was given its MAC address', 'ip link add lab-br1 address 02:15:20:00:00:01 type bridge'],
];

describe.each(executables)('a bridge that another program made, by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const liveMac = (): string | undefined =>
    host.json<{ address: string }[]>('ip -j link show lab-br1')[0]?.address;

  describe.each(bridges)('and that %s', (_what, command) => {
    test.each([
      ['at layer 2', layer2],
      ['with a gateway', conf],
    ])('%s: the result has its MAC address, and CHECK agrees', (_case, config) => {
      host.sh(command);
      const prevResult = add(host, bridge, { conf: config });
      expect(prevResult.interfaces[0]).toEqual({ name: 'lab-br1', mac: liveMac() });
      expect(call(host, bridge, 'CHECK', { conf: { ...config, prevResult } })).toMatchObject({
        status: 0,
        stdout: '',
      });
    });
  });

  test('with a gateway, it keeps its MAC address while ports come and go', () => {
    host.sh('ip link add lab-br1 type bridge');
    add(host, bridge, { conf });
    const mac = liveMac();
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    del(host, bridge, { conf });
    host.sh('ip link add p0 address 02:00:00:00:00:01 master lab-br1 type veth peer name p1');
    expect(liveMac()).toBe(mac);
  });

  test('at layer 2, a container that comes does not change the MAC address that another port gave it', () => {
    host.sh(`ip link add lab-br1 type bridge
      ip link add p0 address aa:00:00:00:00:01 master lab-br1 type veth peer name p1`);
    add(host, bridge, { conf: layer2 });
    expect(liveMac()).toBe('aa:00:00:00:00:01');
  });
});
