import { articleAs } from '../support/article.ts';
import { add, call, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = articleAs('1.1.0');
const { ipam: _ipam, ...withoutIpam } = conf;
const layer2 = { ...withoutIpam, isGateway: false, ipMasq: false };

/** How another program has left the bridge. */
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

  test('at layer 2, CHECK goes on to agree when the port goes that the bridge has its MAC address from', () => {
    host.sh(`ip link add lab-br1 type bridge
      ip link add p0 address 02:00:00:00:00:01 master lab-br1 type veth peer name p1`);
    const prevResult = add(host, bridge, { conf: layer2 });
    const check = () => call(host, bridge, 'CHECK', { conf: { ...layer2, prevResult } });
    host.sh('ip link del p0');
    expect(liveMac()).not.toBe('02:00:00:00:00:01');
    expect(check()).toMatchObject({ status: 0, stdout: '' });
    host.sh('ip link set lab-br1 address 02:15:20:00:00:02');
    expect(check()).toMatchObject({ status: 1 });
  });

  const lower = 'ip link add p0 address 02:00:00:00:00:01 master lab-br1 type veth peer name p1';
  test.each([
    ['has taken another one from a port', lower],
    [
      'has been pinned to another one by an ADD with a gateway',
      `${lower}; ip link set lab-br1 address 02:00:00:00:00:01; ip link del p0
        ip addr add 10.15.20.1/16 dev lab-br1`,
    ],
  ])(
    'with a gateway, the result has the MAC address that it keeps, when it %s meanwhile',
    (_case, command) => {
      host.sh(`ip link add lab-br1 type bridge
      mkdir -p /run/plugins
      cat >/run/plugins/scripted <<'END'
#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ $CNI_COMMAND = ADD ] || exit 0
{ ${command}
} >&2
echo '{"cniVersion":"1.1.0","ips":[{"address":"10.15.20.2/16","gateway":"10.15.20.1"}]}'
END
      chmod 755 /run/plugins/scripted`);
      const config = { ...conf, ipam: { type: 'scripted' } };
      const prevResult = add(host, bridge, { conf: config, env: { CNI_PATH: '/run/plugins' } });
      expect(prevResult.interfaces[0]).toEqual({ name: 'lab-br1', mac: '02:00:00:00:00:01' });
      host.sh('ip link del p0 2>/dev/null || true');
      expect(liveMac()).toBe('02:00:00:00:00:01');
    },
  );

  test('at layer 2, a container that comes does not change the MAC address that another port gave it', () => {
    host.sh(`ip link add lab-br1 type bridge
      ip link add p0 address aa:00:00:00:00:01 master lab-br1 type veth peer name p1`);
    add(host, bridge, { conf: layer2 });
    expect(liveMac()).toBe('aa:00:00:00:00:01');
  });
});
