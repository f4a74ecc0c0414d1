import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const { ipam: _ipam, ...noAddress } = article;
const layer2 = { ...noAddress, isGateway: false, ipMasq: false };
const second = { containerID: 'c2', netns: '/run/netns/c2' };
/** What the kernel allows on a bridge. */
const mostPorts = 1023;

interface LinkJson {
  ifname: string;
  flags: string[];
  operstate: string;
  linkinfo?: { info_slave_data?: { state: string } };
}

describe.each(executables)('ports of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const link = (name = ''): LinkJson | undefined =>
    host.json<LinkJson[]>(`ip -j -d link show dev ${name}`)[0];
  const inside = (): LinkJson | undefined => host.json<LinkJson[]>('ip -n c1 -j link show dev eth0')[0];
  /** Pings until there is an answer, or for so many seconds. */
  const reaches = (netns: string, address: string, seconds = 40): boolean =>
    host.run(`ip netns exec ${netns} ping -c 1 -w ${seconds} ${address}`.split(' ')).status === 0;

  test('the port forwards when ADD returns', () => {
    const { interfaces } = add(host, bridge, { conf: article });
    const port = link(interfaces[1]?.name);
    expect(port?.operstate).toBe('UP');
    expect(port?.linkinfo?.info_slave_data?.state).toBe('forwarding');
    expect(reaches('c1', '10.15.20.1')).toBe(true);
  });

  test('a bridge with a spanning tree is waited for', () => {
    // Two seconds for listening and two for learning are the kernel's minimum.
    host.sh('ip link add lab-br1 type bridge stp_state 1 forward_delay 200');
    const { interfaces } = add(host, bridge, { conf: article });
    expect(link(interfaces[1]?.name)?.linkinfo?.info_slave_data?.state).toBe('forwarding');
    expect(reaches('c1', '10.15.20.1')).toBe(true);
  });

  test('a port that does not begin to forward is an error, and nothing is left behind', () => {
    // An IPAM that takes the bridge down meanwhile.
    host.sh(`mkdir /run/bin && cat >/run/bin/breaker <<'END'
#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || ip link set lab-br1 down
echo '{ "cniVersion": "1.1.0", "ips": [{ "address": "10.15.20.2/24" }] }'
END
      chmod +x /run/bin/breaker && ip link add lab-br1 address 02:15:20:00:00:01 type bridge`);
    const before = host.snapshot('c1');
    const env = { CNI_PATH: '/run/bin', PATH: process.env.PATH };
    const error = failure(host, bridge, 'ADD', { conf: { ...article, ipam: { type: 'breaker' } }, env });
    expect(error.code).toBe(11);
    expect(error.msg).toMatch(/^port veth[0-9a-f]{8} of bridge lab-br1 does not forward$/);
    expect(error.details).toBe('after 10 s it is disabled, its link up');
    expect(host.snapshot('c1')).toBe(before);
  });

  test('disableContainerInterface leaves the container its interface down', () => {
    const conf = { ...layer2, disableContainerInterface: true };
    const result = add(host, bridge, { conf });
    expect(inside()?.flags).not.toContain('UP');
    expect(link(result.interfaces[1]?.name)?.flags).toContain('UP');
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult: result } }).stdout).toBe('');
    host.sh('ip -n c1 link set eth0 up');
    expect(inside()?.operstate).toBe('UP');
    del(host, bridge, { conf });
    expect(host.sh('ip -n c1 -o link')).not.toContain('eth0');
  });

  test('disableContainerInterface does not go with IPAM', () => {
    const before = host.snapshot('c1');
    const error = failure(host, bridge, 'ADD', { conf: { ...article, disableContainerInterface: true } });
    expect(error).toMatchObject({ code: 7, msg: expect.stringContaining('ipam.type is "host-local"') });
    expect(host.snapshot('c1')).toBe(before);
  });

  test.each([true, false])('with hairpinMode %s frames come back to their sender', (hairpinMode) => {
    add(host, bridge, { conf: { ...article, hairpinMode } });
    // A container that probes for its own address sees its own probe, or doesn't.
    const heard = `ip netns exec c1 sh -c '
      tcpdump -i eth0 -Q in -n -c 1 arp >/run/heard 2>/run/said & dump=$!
      until grep -q listening /run/said; do kill -0 $dump; done
      arping -q -c 2 -w 2 -I eth0 10.15.20.99 || true
      ${hairpinMode ? '' : 'kill $dump;'} wait $dump; cat /run/heard'`;
    const request = 'Request who-has 10.15.20.99';
    if (hairpinMode) expect(host.sh(heard)).toContain(request);
    else expect(host.sh(heard)).not.toContain(request);
  });

  test('isolated ports reach the gateway and others, not each other', () => {
    const isolated = { ...article, portIsolation: true };
    host.addContainers('c3');
    add(host, bridge, { conf: isolated });
    add(host, bridge, { conf: isolated, ...second });
    add(host, bridge, { conf: article, containerID: 'c3', netns: '/run/netns/c3' });
    for (const netns of ['c1', 'c2', 'c3']) expect(reaches(netns, '10.15.20.1')).toBe(true);
    expect(reaches('c1', '10.15.20.3', 2)).toBe(false);
    expect(reaches('c2', '10.15.20.2', 2)).toBe(false);
    expect(reaches('c1', '10.15.20.4')).toBe(true);
    expect(reaches('c3', '10.15.20.2')).toBe(true);
  });

  /** Adds ports in pairs, both ends on the bridge. */
  function fillBridge(ports: number): void {
    const pairs = Array.from({ length: Math.ceil(ports / 2) }, (_, index) => index);
    const lines = [
      'link add lab-br1 type bridge',
      ...pairs.map((index) => `link add a${index} master lab-br1 type veth peer name b${index}`),
      ...pairs.slice(0, Math.floor(ports / 2)).map((index) => `link set b${index} master lab-br1`),
    ];
    host.run(['sh', '-c', 'cat >/run/batch && ip -batch /run/batch'], { input: lines.join('\n') });
    expect(host.sh('ls /sys/class/net/lab-br1/brif | wc -l').trim()).toBe(String(ports));
  }

  test('a bridge of 1000 ports has room for more', () => {
    fillBridge(1000);
    const before = host.snapshot('c1');
    const prevResult = add(host, bridge, { conf: article });
    expect(reaches('c1', '10.15.20.1')).toBe(true);
    expect(call(host, bridge, 'CHECK', { conf: { ...article, prevResult } }).stdout).toBe('');
    del(host, bridge, { conf: article });
    // The bridge keeps the gateway's address, the host its forwarding.
    host.sh('ip addr del 10.15.20.1/24 dev lab-br1 && sysctl -qw net.ipv4.ip_forward=0');
    host.sh('sysctl -qw net.ipv6.conf.lab-br1.accept_ra=1 && ip link set lab-br1 down');
    expect(host.snapshot('c1')).toBe(before);
  });

  test('a full bridge is an error that says so, and nothing is left behind', () => {
    fillBridge(mostPorts);
    const before = host.snapshot('c1');
    const error = failure(host, bridge, 'ADD', { conf: article });
    expect(error).toMatchObject({ code: 11, msg: 'bridge lab-br1 is full' });
    expect(error.details).toContain(String(mostPorts));
    expect(host.snapshot('c1')).toBe(before);
  });
});
