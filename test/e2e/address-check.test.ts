import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure, reference } from '../support/cni.ts';
import { run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

const ipam = {
  type: 'host-local',
  ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
};
const plain = { ...articleAs('1.1.0'), ipMasq: false, ipam };
const conf = { ...plain, ipspoofchk: true };
const both = { ...conf, macspoofchk: true };
const second = { conf: plain, containerID: 'c2', netns: '/run/netns/c2' };
const well = { status: 0, stdout: '', stderr: '' };

/** Sends frames from eth0, each with its name at its end, and a last one that nothing holds back. */
const sender = `
import socket, struct, sys
mine = bytes.fromhex(open('/sys/class/net/eth0/address').read().strip().replace(':', ''))
all = b'\\xff' * 6
v4 = socket.inet_aton
v6 = lambda text: socket.inet_pton(socket.AF_INET6, text)
def ether(kind, payload): return all + mine + struct.pack('>H', kind) + payload
def tagged(frame, *kinds): return frame[:12] + b''.join(struct.pack('>HH', kind, 5) for kind in kinds) + frame[12:]
def udp(source=1000, destination=1001): return struct.pack('>HHHH', source, destination, 8, 0)
def ip4(source, payload=udp()):
    return ether(0x800, struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0) + v4(source) + v4('10.15.20.3') + payload)
def arp(operation, address):
    return ether(0x806, struct.pack('>HHBBH', 1, 0x800, 6, 4, operation) + mine + v4(address) + all + v4('10.15.20.3'))
def ip6(source, payload=udp(), following=17):
    return ether(0x86dd, struct.pack('>IHBB', 6 << 28, len(payload), following, 255) + v6(source) + v6('ff02::1') + payload)
def neighbour(kind, target): return struct.pack('>BBHI', kind, 0, 0, 0) + v6(target)
hop = b'\\x3a\\x00\\x01\\x04\\x00\\x00\\x00\\x00'
frames = {
  'ipv4': ip4('10.15.20.2'), 'ipv4 forged': ip4('10.15.20.9'), 'ipv4 from 0.0.0.0': ip4('0.0.0.0'),
  'dhcp': ip4('0.0.0.0', udp(68, 67)),
  'arp reply': arp(2, '10.15.20.2'), 'arp reply forged': arp(2, '10.15.20.1'), 'arp request forged': arp(1, '10.15.20.1'),
  'arp probe': arp(1, '0.0.0.0'),
  'ipv6': ip6('fd00:15:20::2'), 'ipv6 forged': ip6('fd00:15:20::9'), 'ipv6 link-local': ip6('fe80::1234'),
  'ipv6 from ::': ip6('::'),
  'na': ip6('fd00:15:20::2', neighbour(136, 'fd00:15:20::2'), 58), 'na forged': ip6('fd00:15:20::2', neighbour(136, 'fd00:15:20::1'), 58),
  'na link-local': ip6('fe80::1234', neighbour(136, 'fe80::1234'), 58),
  'na forged behind a header': ip6('fd00:15:20::2', hop + neighbour(136, 'fd00:15:20::1'), 0),
  'na forged source': ip6('fd00:15:20::1', neighbour(136, 'fd00:15:20::2'), 58),
  'dad': ip6('::', neighbour(135, 'fd00:15:20::2'), 58), 'dad forged': ip6('::', neighbour(135, 'fd00:15:20::1'), 58),
  'mld from ::': ip6('::', struct.pack('>BBHHH', 143, 0, 0, 0, 0), 58),
  'tagged': tagged(ip4('10.15.20.2'), 0x8100), 'tagged forged': tagged(ip4('10.15.20.9'), 0x8100),
  'tagged twice': tagged(ip4('10.15.20.9'), 0x8100, 0x8100), 'tagged twice by a provider': tagged(ip4('10.15.20.9'), 0x88a8, 0x88a8),
  'another protocol': ether(0x88b6, b''), 'the last': ether(0x88b5, b''),
}
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('eth0', 0))
for name, frame in frames.items(): out.send(frame.ljust(80, b'\\0') + ('<' + name + '>').encode())
print('\\n'.join(frames))
`;

/** Prints the names of the frames that arrive, until the last. */
const receiver = `
import re, socket
inside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
inside.bind(('eth0', 3)); inside.settimeout(60)
open('/run/ready', 'w')
while True:
    found = re.search(b'<([a-z0-9:. -]+)>$', inside.recv(2000))
    if found: print(found[1].decode(), flush=True)
    if found and found[1] == b'the last': break
`;

describe.each(executables)('ipspoofchk of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  /** The names of the frames that c1 sends and c2 doesn't get. */
  function heldBack(): string[] {
    for (const [name, text] of Object.entries({ sender, receiver })) {
      host.run(['sh', '-c', `cat >/run/${name}.py`], { input: text });
    }
    const sent = host.sh(`rm -f /run/ready
      ip netns exec c2 python3 /run/receiver.py >/run/got 2>/run/said & receiver=$!
      until [ -e /run/ready ]; do kill -0 $receiver || exit; done
      ip netns exec c1 python3 /run/sender.py; wait $receiver`);
    const got = new Set(host.sh('cat /run/got').split('\n'));
    return sent.split('\n').filter((name) => !got.has(name));
  }

  const forged = [
    'ipv4 forged',
    'ipv4 from 0.0.0.0',
    'dhcp',
    'arp reply forged',
    'arp request forged',
    'ipv6 forged',
    'ipv6 from ::',
    'na forged',
    'na forged behind a header',
    'na forged source',
    'dad forged',
    'tagged forged',
    'tagged twice',
    'tagged twice by a provider',
  ];

  test.each([
    ['without it', plain, []],
    ['with it', conf, forged],
    ['with macspoofchk too', both, forged],
  ])('what does not arrive %s', (_which, network, expected) => {
    add(host, bridge, { conf: network });
    add(host, bridge, second);
    expect(heldBack()).toEqual(expected);
    host.sh('ip netns exec c1 ping -c 1 -W 10 10.15.20.3 && ip netns exec c1 ping -c 1 -W 10 fd00:15:20::3');
  });

  test('where DHCP leases addresses, a client may ask', () => {
    host.sh(`mkdir /run/cni && cat >/run/cni/dhcp <<'SCRIPT'
#!/bin/sh
cat >/dev/null
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.1.0","ips":[{"address":"10.15.20.2/24"},{"address":"fd00:15:20::2/64"}]}'
SCRIPT
      chmod +x /run/cni/dhcp`);
    const network = { ...conf, isGateway: false, ipam: { type: 'dhcp' } };
    const prevResult = add(host, bridge, { conf: network, env: { CNI_PATH: '/run/cni' } });
    add(host, bridge, {
      ...second,
      conf: { ...plain, isGateway: false, args: { cni: { ips: ['10.15.20.3'] } } },
    });
    expect(heldBack()).toEqual(forged.filter((name) => name !== 'dhcp'));
    const request = { conf: { ...network, prevResult }, env: { CNI_PATH: '/run/cni' } };
    expect(call(host, bridge, 'CHECK', request)).toEqual(well);
  });

  test.each([
    ['alone', conf, plain],
    ['beside macspoofchk', both, both],
    ['beside macspoofchk, which stays', both, { ...plain, macspoofchk: true }],
  ])(
    '%s: DEL and GC leave nothing of it, whatever the configuration says by then',
    (_which, network, later) => {
      add(host, bridge, { ...second, conf: { ...plain, macspoofchk: true } });
      host.sh("until ip -6 route show table local | grep -q 'fd00:15:20::1 '; do sleep 0.05; done");
      const before = host.snapshot('c1', 'c2');
      add(host, bridge, { conf: network });
      expect(host.sh('nft list ruleset')).toContain('cni-br-iface-c1-eth0/ip');
      del(host, bridge, { conf: later });
      expect(host.snapshot('c1', 'c2')).toBe(before);
      add(host, bridge, { conf: network });
      const attachments = (...names: string[]) =>
        names.map((containerID) => ({ containerID, ifname: 'eth0' }));
      const gc = (...names: string[]): void => {
        const request = { conf: { ...later, 'cni.dev/valid-attachments': attachments(...names) } };
        expect(call(host, bridge, 'GC', request)).toEqual(well);
      };
      const all = host.sh('nft list ruleset');
      gc('c1', 'c2');
      expect(host.sh('nft list ruleset')).toBe(all);
      gc('c2');
      expect(host.snapshot('c1', 'c2')).toBe(before);
      gc();
      expect(host.sh('nft list ruleset')).toBe('');
    },
  );

  test.each([
    ['alone', conf],
    ['beside macspoofchk', both],
  ])('%s: a DEL of the Go plugin ends it, and a GC removes what that leaves', (_which, network) => {
    add(host, bridge, { conf: network });
    expect(call(host, reference, 'DEL', { conf: both }).status).toBe(0);
    expect(host.sh('nft list ruleset')).not.toContain('jump cni-br-iface-c1-eth0 ');
    add(host, bridge, { ...second, conf: network });
    const gc = (...valid: object[]): void => {
      const request = { conf: { ...network, 'cni.dev/valid-attachments': valid } };
      expect(call(host, bridge, 'GC', request)).toEqual(well);
    };
    gc({ containerID: 'c2', ifname: 'eth0' });
    expect(host.sh('nft list ruleset')).not.toContain('c1-eth0');
    expect(host.sh('nft list ruleset')).toContain('cni-br-iface-c2-eth0/ip');
    expect(call(host, reference, 'DEL', { ...second, conf: both }).status).toBe(0);
    gc();
    expect(host.sh('nft list ruleset')).toBe('');
  });

  test.each([
    ['alone', conf],
    ['beside macspoofchk', both],
  ])('%s: CHECK finds what is lost, and restore gives it back', (_which, network) => {
    writeConf(host, network);
    const prevResult = add(host, bridge, { conf: network });
    const request = { conf: { ...network, prevResult } };
    const rules = (): string => host.sh('nft list ruleset');
    const before = rules();
    expect(call(host, bridge, 'CHECK', request)).toEqual(well);
    for (const what of [
      'flush ruleset',
      'flush chain bridge nat PREROUTING',
      'flush chain bridge nat cni-br-iface-c1-eth0',
      'flush chain bridge nat cni-br-iface-c1-eth0/ip',
    ]) {
      host.sh(`nft ${what}`);
      expect(failure(host, bridge, 'CHECK', request).msg).toMatch(
        /^not as it was set up: (ip|mac)spoofchk of container c1/,
      );
      expect(run(host, bridge, 'restore').stdout).toBe(
        'check the source addresses of container c1 eth0 again\n',
      );
      expect(rules()).toBe(before);
    }
    host.sh(
      'nft delete rule bridge nat cni-br-iface-c1-eth0/ip handle $(nft -a list chain bridge nat cni-br-iface-c1-eth0/ip | sed -n "s/.*drop.*handle //p" | head -n 1)',
    );
    expect(failure(host, bridge, 'CHECK', request).msg).toBe(
      'not as it was set up: ipspoofchk of container c1 interface eth0',
    );
    del(host, bridge, { conf: network });
    expect(rules()).toBe('');
  });

  test('an ADD that fails afterwards leaves none of it; a stale check is replaced', () => {
    const refusedRoute = { ...ipam, routes: [{ dst: '198.51.100.0/24', gw: '203.0.113.9' }] };
    failure(host, bridge, 'ADD', { conf: { ...conf, ipam: refusedRoute } });
    expect(host.sh('nft list ruleset')).toBe('');
    host.sh('rm -r /var/lib/cni/networks');
    add(host, bridge, { conf });
    const once = host.sh('nft list ruleset');
    host.sh('ip netns del c1 && rm -r /var/lib/cni/networks');
    // The kernel removes the veth pair later, and until then its name is taken.
    host.sh('while ip -o link show type veth | grep -q .; do sleep 0.05; done');
    host.addContainers('c1');
    add(host, bridge, { conf });
    expect(host.sh('nft list ruleset')).toBe(once);
    expect(call(host, bridge, 'STATUS', { conf })).toEqual(well);
  });
});
