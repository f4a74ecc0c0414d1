import { articleAs } from '../support/article.ts';
import { add, call, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const ipam = {
  type: 'host-local',
  ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
};
const plain = { ...articleAs('1.1.0'), isDefaultGateway: true, ipam };
const conf = { ...plain, forgetConnections: true };
const second = { containerID: 'c2', netns: '/run/netns/c2' };
const well = { status: 0, stdout: '', stderr: '' };

describe.each(executables)('forgetConnections of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  beforeEach(() => {
    host.makeNeighbour();
    // Host port 53 leads into c1, as a port mapping does; connections to port 7 are in a zone of their own.
    host.sh(`sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600 net.netfilter.nf_conntrack_icmp_timeout=600
      nft -f - <<'RULES'
      table inet test {
        chain zones { type filter hook prerouting priority raw; udp dport 7 ct zone set 5; }
        chain ports { type nat hook prerouting priority dstnat;
          ip daddr 192.0.2.1 udp dport 53 dnat ip to 10.15.20.2:53
          ip6 daddr 2001:db8::1 udp dport 53 dnat ip6 to [fd00:15:20::2]:53
        }
      }\nRULES`);
  });

  /** Sends a datagram. */
  const send = (from: string, to: string, port: number): string =>
    host.sh(`ip netns exec ${from} bash -c 'echo >/dev/udp/${to}/${port}'`);

  /** The connections that the host tracks, each without its timer, to other ports than these. */
  const tracked = (...but: string[]): string[] =>
    host
      .sh("grep -v 'dport=67 ' /proc/net/nf_conntrack || true")
      .split('\n')
      .filter((line) => line !== '' && !but.some((port) => line.includes(`dport=${port} `)))
      .map((line) => line.replace(/^(\S+ +\d+ \S+ +\d+) \d+/, '$1').replace(/ use=\d+/, ''))
      .sort();

  const ofFirst = (): string[] =>
    tracked().filter((line) => /=(10\.15\.20\.2|fd00:[0-9a-f:]+:0002) /.test(line));

  /** Connections of both containers, in both directions; c1's are six. */
  function connect(): void {
    for (const name of ['c1', 'c2']) {
      send(name, '192.0.2.2', 1000);
      send(name, '192.0.2.2', 7);
      send(name, '2001:db8::2', 1000);
    }
    host.sh('ip netns exec c1 ping -c 1 -W 10 192.0.2.2');
    send('beyond', '192.0.2.1', 53);
    send('beyond', '2001:db8::1', 53);
    expect(ofFirst()).toHaveLength(6);
    expect(ofFirst().filter((line) => line.includes('zone=5'))).toHaveLength(1);
  }

  function addBoth(first: object): void {
    add(host, bridge, { conf: first });
    add(host, bridge, { conf: plain, ...second });
    connect();
  }

  test('a DEL ends those of its container, in both directions and families, and no other', () => {
    addBoth(conf);
    const others = tracked().filter((line) => !ofFirst().includes(line));
    expect(others.length).toBeGreaterThanOrEqual(3);
    del(host, bridge, { conf });
    expect(tracked()).toEqual(others);
    del(host, bridge, { conf: plain, ...second });
    expect(tracked()).toEqual(others);
  });

  test('so does a DEL after the namespace', () => {
    addBoth(conf);
    host.sh('ip netns del c1');
    del(host, bridge, { conf });
    expect(ofFirst()).toEqual([]);
  });

  test('so does a GC, of attachments that are gone alone', () => {
    addBoth(conf);
    const gc = (...attachments: object[]): void => {
      const request = { conf: { ...conf, 'cni.dev/valid-attachments': attachments } };
      expect(call(host, bridge, 'GC', request)).toEqual(well);
    };
    const before = tracked();
    gc({ containerID: 'c1', ifname: 'eth0' }, { containerID: 'c2', ifname: 'eth0' });
    expect(tracked()).toEqual(before);
    const others = before.filter((line) => !ofFirst().includes(line));
    gc({ containerID: 'c2', ifname: 'eth0' });
    expect(tracked()).toEqual(others);
  });

  test('an ADD ends those of whoever had its addresses before', () => {
    addBoth(plain);
    del(host, bridge, { conf: plain });
    expect(ofFirst()).toHaveLength(6);
    const others = tracked().filter((line) => !ofFirst().includes(line));
    const requested = { ...conf, args: { cni: { ips: ['10.15.20.2', 'fd00:15:20::2'] } } };
    add(host, bridge, { conf: requested, containerID: 'c3' });
    expect(tracked()).toEqual(others);
  });

  test('a repeated DEL leaves those of who has the address meanwhile', () => {
    const prevResult = add(host, bridge, { conf });
    del(host, bridge, { conf: { ...conf, prevResult } });
    add(host, bridge, {
      conf: { ...conf, args: { cni: { ips: ['10.15.20.2'] } } },
      containerID: 'c3',
      netns: '/run/netns/c2',
    });
    send('c2', '192.0.2.2', 1000);
    const before = ofFirst();
    expect(before).toHaveLength(1);
    del(host, bridge, { conf: { ...conf, prevResult } });
    expect(ofFirst()).toEqual(before);
  });

  test.each([
    ['without it', plain, true],
    ['with it', conf, false],
  ])('%s, an old answer reaches a new container with the address, or not', (_which, used, arrives) => {
    add(host, bridge, { conf: used });
    const python = (netns: string, code: string): string =>
      host.sh(`ip netns exec ${netns} python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(10)
${code}'`);
    python('c1', 's.bind(("", 5000)); s.sendto(b"x", ("192.0.2.2", 5001))');
    del(host, bridge, { conf: used });
    add(host, bridge, {
      conf: { ...plain, args: { cni: { ips: ['10.15.20.2'] } } },
      containerID: 'c3',
      netns: '/run/netns/c2',
    });
    host.sh(`ip netns exec c2 python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(10); s.bind(("", 5000))
open("/run/ready", "w"); print(s.recv(9).decode())' >/run/got 2>/run/said & until [ -e /run/ready ]; do sleep 0.01; done`);
    python('beyond', 's.bind(("", 5001)); s.sendto(b"old", ("192.0.2.1", 5000))');
    host.sh(`ip netns exec c2 ping -c 1 -W 10 192.0.2.2
      ip netns exec beyond ip route add 10.15.20.0/24 via 192.0.2.1`);
    python('beyond', 's.sendto(b"new", ("10.15.20.2", 5000))');
    host.sh('until [ -s /run/got ]; do sleep 0.01; done');
    expect(host.sh('cat /run/got').trim()).toBe(arrives ? 'old' : 'new');
  });

  test('a network whose addresses another plugin leases: those of the prevResult, while its veth is there', () => {
    const address = '10.15.20.2/24';
    host.sh(`mkdir /run/cni && cat >/run/cni/other <<'SCRIPT'
#!/bin/sh
cat >/dev/null
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.1.0","ips":[{"address":"${address}","gateway":"10.15.20.1"}]}'
SCRIPT
      chmod +x /run/cni/other`);
    const env = { CNI_PATH: '/run/cni' };
    const delegated = { ...conf, ipam: { type: 'other' } };
    const prevResult = add(host, bridge, { conf: delegated, env });
    send('c1', '192.0.2.2', 1000);
    expect(ofFirst()).toHaveLength(1);
    const request = { conf: { ...delegated, prevResult }, env };
    del(host, bridge, request);
    expect(ofFirst()).toEqual([]);
    add(host, bridge, { conf: { ...plain, ipam: { type: 'other' } }, env, ...second });
    send('c2', '192.0.2.2', 1000);
    del(host, bridge, request);
    expect(ofFirst()).toHaveLength(1);
  });

  test('more addresses than are asked for one by one: a GC of 20 containers', () => {
    addBoth(plain);
    const names = Array.from({ length: 20 }, (_, index) => `d${index}`);
    for (const containerID of names) add(host, bridge, { conf, containerID, ifname: containerID });
    const others = tracked().filter((line) => !ofFirst().includes(line));
    const request = {
      conf: { ...conf, 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }] },
    };
    expect(call(host, bridge, 'GC', request)).toEqual(well);
    expect(tracked()).toEqual(others);
  });

  test('STATUS is well where connections are tracked', () => {
    add(host, bridge, { conf });
    expect(call(host, bridge, 'STATUS', { conf })).toEqual(well);
  });
});
