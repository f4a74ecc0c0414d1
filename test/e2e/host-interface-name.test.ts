import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure, type Result, startCall } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
/** The article's configuration as a runtime passes it on with a name for the host veth. */
const named = (hostInterfaceName: string, more: object = {}) => ({
  ...article,
  ...more,
  args: { cni: { hostInterfaceName } },
});
const second = { containerID: 'c2', netns: '/run/netns/c2' };

describe.each(executables)('hostInterfaceName by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  interface LinkJson {
    ifname: string;
    ifalias?: string;
    master?: string;
    address: string;
    operstate: string;
  }
  const veths = () =>
    host
      .json<LinkJson[]>('ip -j link show type veth')
      .map(({ ifname, ifalias, master }) => [ifname, ifalias, master]);
  const forget = () => host.sh('ip link del lab-br1 && sysctl -qw net.ipv4.ip_forward=0');

  test('is taken from runtimeConfig, args.cni, CNI_ARGS or the configuration, in this order', () => {
    const env = { CNI_ARGS: 'HOST_INTERFACE_NAME=three' };
    const args = { cni: { hostInterfaceName: 'two' } };
    const sources: [string, object, string | RegExp][] = [
      ['eth1', { runtimeConfig: { hostInterfaceName: 'one' }, args }, 'one'],
      ['eth2', { args }, 'two'],
      ['eth3', {}, 'three'],
    ];
    for (const [ifname, more, expected] of sources) {
      const conf = { ...article, hostInterfaceName: 'lab-{id}', ...more };
      expect(add(host, bridge, { conf, ifname, env }).interfaces[1]?.name).toBe(expected);
    }
    const conf = { ...article, hostInterfaceName: 'lab-{id}' };
    expect(add(host, bridge, { conf }).interfaces[1]?.name).toBe('lab-7069ed2f');
    const { interfaces } = add(host, bridge, { conf, ...second });
    expect(interfaces[1]?.name).toMatch(/^lab-[0-9a-f]{8}$/);
    expect(veths().map(([name]) => name)).toEqual(
      expect.arrayContaining(['one', 'two', 'three', 'lab-7069ed2f', interfaces[1]?.name]),
    );
    host.sh('ping -c 1 -W 5 10.15.20.5');
  });

  test('by a pattern leaves a link alone that has it as another name of its own', () => {
    const conf = { ...article, hostInterfaceName: 'lab-{id}' };
    host.sh('ip link add up0 type veth peer name up1 && ip link property add dev up0 altname lab-7069ed2f');
    const before = host.sh('ip -j -d link show up0');
    expect(add(host, bridge, { conf }).interfaces[1]?.name).toMatch(/^lab-(?!7069ed2f)[0-9a-f]{8}$/);
    expect(host.sh('ip -j -d link show up0')).toBe(before);
    del(host, bridge, { conf });
    expect(host.sh('ip -j -d link show up0')).toBe(before);
  });

  test('is that of a port that is up, says whose it is and refuses router advertisements, over IPv4 and IPv6', () => {
    const ranges = [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]];
    const conf = named('web0', { macspoofchk: true, ipam: { type: 'host-local', ranges } });
    const prevResult = add(host, bridge, { conf });
    expect(veths()).toEqual([['web0', 'cni lab-br1 c1 eth0', 'lab-br1']]);
    const [live] = host.json<LinkJson[]>('ip -j link show web0');
    expect(live).toMatchObject({ operstate: 'UP', address: prevResult.interfaces[1]?.mac });
    expect(host.sh('cat /proc/sys/net/ipv6/conf/web0/accept_ra')).toBe('0\n');
    host.sh('ping -c 1 -W 5 10.15.20.2 && ping -c 1 -W 5 fd00:15:20::2');
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({ status: 0 });
    // Its spoof check follows the name.
    host.sh('ip -n c1 link set eth0 address 02:00:00:00:00:66');
    expect(host.run('ip netns exec c1 ping -c 1 -W 1 10.15.20.1'.split(' ')).status).toBe(1);
  });

  test('CHECK finds that it was renamed', () => {
    const conf = named('web0');
    const prevResult = add(host, bridge, { conf });
    host.sh('ip link set web0 down && ip link set web0 name other0 && ip link set other0 up');
    expect(failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({
      code: 999,
      details: 'expected web0, found other0',
    });
  });

  const told: [string, (result: Result) => object][] = [
    ['with the same name and a prevResult', (prevResult) => ({ ...named('web0'), prevResult })],
    ['without a name, with a prevResult', (prevResult) => ({ ...article, prevResult })],
    ['with the name alone', () => named('web0')],
    ['with another name alone', () => named('web1')],
    ['with neither', () => article],
    ['with a name that no link can have', () => named('a/b')],
  ];
  test.each(told)('DEL removes it within reach or not, %s', (_what, conf) => {
    const before = host.snapshot('c2');
    for (const hold of ['true', 'touch /run/held; mount --bind /run/netns/c1 /run/held; ip netns del c1']) {
      const result = add(host, bridge, { conf: named('web0') });
      host.sh(hold);
      del(host, bridge, { conf: conf(result) });
      forget();
      expect(host.snapshot('c2')).toBe(before);
    }
  });

  test("DEL removes it where another link has the container's name for it", () => {
    const before = host.snapshot('c2');
    const prevResult = add(host, bridge, { conf: named('web0') });
    host.sh(`ip -n c1 link set eth0 down && ip -n c1 link set eth0 name eth9
      ip -n c1 link add eth0 type bridge`);
    del(host, bridge, { conf: { ...article, prevResult } });
    forget();
    expect(host.snapshot('c2')).toBe(before);
  });

  test('GC removes it, and keeps that of a valid attachment', () => {
    add(host, bridge, { conf: named('web0') });
    add(host, bridge, { conf: named('web1'), ...second });
    const valid = [{ containerID: 'c2', ifname: 'eth0' }];
    const conf = { ...article, 'cni.dev/valid-attachments': valid };
    expect(call(host, bridge, 'GC', { conf })).toMatchObject({ status: 0, stdout: '' });
    expect(veths().map(([name]) => name)).toEqual(['web1']);
  });

  test('an ADD that fails after the veth is made takes it away', () => {
    const before = host.snapshot('c1');
    const ipam = { ...article.ipam, routes: [{ dst: '198.51.100.0/24', gw: '10.99.0.1' }] };
    expect(failure(host, bridge, 'ADD', { conf: named('web0', { ipam }) }).msg).toContain('route');
    expect(host.snapshot('c1')).toBe(before);
  });

  test.each([
    ['a link', 'ip link add web0 type bridge'],
    [
      'a link, as another name of it',
      'ip link add br9 type bridge && ip link property add dev br9 altname web0',
    ],
    ['the bridge', 'ip link add lab-br1 type bridge && ip link property add dev lab-br1 altname web0'],
  ])('that %s has is refused, and nothing is touched', (_what, command) => {
    host.sh(command);
    const before = host.snapshot('c1');
    expect(failure(host, bridge, 'ADD', { conf: named('web0') })).toMatchObject({
      code: 7,
      msg: 'invalid configuration: hostInterfaceName: "web0" is taken, the host has a link of that name',
    });
    expect(host.snapshot('c1')).toBe(before);
  });

  test('of two ADDs at once one gets it, whole, and the other leaves nothing', async () => {
    const conf = named('web0', { ipMasq: false });
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all([
        startCall(host, bridge, 'ADD', { conf }),
        startCall(host, bridge, 'ADD', { conf, ...second }),
      ]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual([0, 1]);
      const winner = outcomes[0].status === 0 ? 'c1' : 'c2';
      expect(outcomes.find(({ status }) => status === 1)?.stdout).toContain('web0\\" is taken');
      expect(veths()).toEqual([['web0', `cni lab-br1 ${winner} eth0`, 'lab-br1']]);
      expect(host.sh('ip -n c1 -o link; ip -n c2 -o link').match(/eth0/g)).toHaveLength(1);
      del(host, bridge, { conf, containerID: winner, netns: `/run/netns/${winner}` });
    }
  });
});
