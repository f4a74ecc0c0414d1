import { articleAs } from '../support/article.ts';
import { add, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = articleAs('1.1.0');

/**
 * Sends a router advertisement (RFC 4861, 4.2) to all nodes: of a router for 30 minutes, and of a prefix (4.6.2) for
 * address configuration. The kernel fills in the checksum.
 */
const advertise = `
import socket, struct, sys
prefix = socket.inet_pton(socket.AF_INET6, sys.argv[1])
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
head = struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0)
info = struct.pack('!BBBBIII', 3, 4, 64, 0xc0, 1800, 1800, 0) + prefix
s.sendto(head + info, ('ff02::1', 0, 0, socket.if_nametoindex('eth0')))
`;

describe.each(executables)('router advertisements of a neighbour, by %s', (_name, bridge) => {
  const host = useHost('c1', 'rogue', 'witness');

  /** A neighbour on the bridge that advertises itself, and one that listens to it. */
  function connectNeighbours(): void {
    for (const name of ['rogue', 'witness']) {
      host.sh(`ip link add ${name} master lab-br1 up type veth peer name eth0 netns ${name}
        ip netns exec ${name} sysctl -qw net.ipv6.conf.eth0.accept_dad=0
        ip -n ${name} link set eth0 up`);
    }
    host.run(['sh', '-c', 'cat >/run/advertise.py'], { input: advertise });
  }

  /** Returns when the witness has an address of the prefix. */
  function advertisePrefix(prefix: string): void {
    host.sh(`until ip -n witness -6 -o addr show dev eth0 | grep -q ${prefix}; do
      ip netns exec rogue python3 /run/advertise.py ${prefix}:: || true; sleep 0.1; done`);
  }

  /** Two, so that the first has reached every port once the second has reached the witness. */
  function advertiseTwice(): void {
    advertisePrefix('2001:db8:bad:1');
    advertisePrefix('2001:db8:bad:2');
  }

  const learned = (): string =>
    host.sh('ip -n c1 -6 -o addr show dev eth0 scope global; ip -n c1 -6 route show proto ra');

  test.each([
    ['IPv4', conf],
    ['IPv6', { ...conf, ipam: { type: 'host-local', subnet: 'fd00:15:20::/64' } }],
  ])('give a container with an %s address neither address nor route', (_family, config) => {
    add(host, bridge, { conf: config });
    connectNeighbours();
    const before = learned();
    advertiseTwice();
    expect(learned()).toBe(before);
  });

  test('are accepted where the container has been told to', () => {
    host.sh('ip netns exec c1 sysctl -qw net.ipv6.conf.default.accept_ra=2');
    add(host, bridge, { conf });
    connectNeighbours();
    advertiseTwice();
    host.sh('until ip -n c1 -6 route show proto ra | grep -q default; do sleep 0.1; done');
    expect(learned()).toContain('2001:db8:bad:1:');
  });

  test('are accepted at layer 2, where no IPAM gives addresses', () => {
    const { ipam: _ipam, ...layer2 } = { ...conf, isGateway: false, ipMasq: false };
    add(host, bridge, { conf: layer2 });
    host.sh('ip -n c1 link set eth0 up');
    connectNeighbours();
    advertiseTwice();
    host.sh('until ip -n c1 -6 route show proto ra | grep -q default; do sleep 0.1; done');
  });
});
