import { article } from '../support/article.ts';
import { add, call, del, executables, reference } from '../support/cni.ts';
import type { Host } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const conf = { ...article, macspoofchk: true };
const second = { conf, containerID: 'c2', netns: '/run/netns/c2' };

/** The table as text, without names that differ between ADDs. */
function rules(host: Host): string {
  return host
    .sh('nft list table bridge nat')
    .replace(/"veth[0-9a-f]{8}"/g, 'VETH')
    .replace(/saddr [0-9a-f:]{17}/g, 'saddr MAC')
    .replace(/\tcomment "[^"]*"\n/, '');
}

describe.each(executables)('macspoofchk of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  /** Whether c2 gets an echo request of c1's. */
  function arrives(): boolean {
    const received = (): number =>
      Number(host.sh('ip netns exec c2 cat /proc/net/snmp').match(/^Icmp: (\d+)/m)?.[1]);
    const before = received();
    host.run('ip netns exec c1 ping -c 2 -i 0.2 -W 1 10.15.20.3'.split(' '));
    return received() > before;
  }

  test.each([
    [false, true],
    [true, false],
  ])('with macspoofchk %s, frames of a forged source address arrive: %s', (macspoofchk, expected) => {
    add(host, bridge, { conf: { ...conf, macspoofchk } });
    const { interfaces } = add(host, bridge, { ...second, conf: article });
    expect(arrives()).toBe(true);
    // A forger needs no answer to its own ARP: it knows c2's address.
    host.sh(`ip -n c1 neigh replace 10.15.20.3 lladdr ${interfaces[2]?.mac} dev eth0
      ip -n c1 link set eth0 address 02:00:00:00:00:99
      ip -n c1 neigh replace 10.15.20.3 lladdr ${interfaces[2]?.mac} dev eth0`);
    expect(arrives()).toBe(expected);
  });

  test('the rules are those of the Go plugin', () => {
    add(host, bridge, { conf });
    const ours = rules(host);
    del(host, bridge, { conf });
    add(host, reference, { conf });
    expect(ours).toBe(rules(host));
  });

  test('DEL leaves nothing, and the other container its own', () => {
    const before = host.snapshot('c1', 'c2');
    add(host, bridge, second);
    const alone = host.snapshot('c1', 'c2');
    add(host, bridge, { conf });
    expect(rules(host)).toContain('jump cni-br-iface-c1-eth0 ');
    del(host, bridge, { conf });
    expect(host.snapshot('c1', 'c2')).toBe(alone);
    del(host, bridge, second);
    host.sh('ip link del lab-br1; sysctl -qw net.ipv4.ip_forward=0');
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('DEL after the namespace, without the option, for layer 2 alone, twice', () => {
    const { ipam: _ipam, ...layer2 } = { ...conf, isGateway: false, ipMasq: false };
    host.sh(`ip link add lab-br1 address 02:15:20:00:00:01 type bridge && ip link set lab-br1 up
      echo 0 >/proc/sys/net/ipv6/conf/lab-br1/accept_ra`);
    const before = host.snapshot();
    add(host, bridge, { conf: layer2 });
    host.sh('ip netns del c1');
    del(host, bridge, { conf: { ...layer2, macspoofchk: false } });
    expect(host.snapshot()).toBe(before);
    del(host, bridge, { conf: layer2 });
    expect(host.snapshot()).toBe(before);
  });

  test.each([128, 250])('a container ID of %d characters', (length) => {
    const containerID = 'a'.repeat(length);
    add(host, bridge, { conf, containerID });
    add(host, bridge, { ...second, containerID: `${containerID}b` });
    expect(host.sh('nft list table bridge nat').match(/chain cni-br-iface-/g)).toHaveLength(4);
    del(host, bridge, { ...second, containerID: `${containerID}b` });
    del(host, bridge, { conf, containerID });
    expect(host.sh('nft list ruleset')).toBe('');
  });

  test('a rule and chains that an attachment left are replaced', () => {
    add(host, bridge, { conf });
    const once = rules(host);
    host.sh('ip netns del c1 && rm -r /var/lib/cni/networks');
    host.addContainers('c1');
    add(host, bridge, { conf });
    expect(rules(host)).toBe(once);
  });

  test('a table that was there stays, with all that is in it', () => {
    host.sh(`nft 'add table bridge nat; add chain bridge nat other; add rule bridge nat other counter;
      add chain bridge nat PREROUTING { type filter hook prerouting priority -300; }'`);
    const before = host.sh('nft list ruleset');
    add(host, bridge, { conf });
    del(host, bridge, { conf });
    expect(host.sh('nft list ruleset')).toBe(before);
  });

  test('a table that others have begun to use stays', () => {
    add(host, bridge, { conf });
    host.sh('nft add rule bridge nat PREROUTING ether type 0x1234 counter');
    del(host, bridge, { conf });
    expect(rules(host)).toMatch(/chain PREROUTING \{\n[^}]*ether type 0x1234 counter[^}]*\}\n\}/);
  });

  test('what the Go plugin set up is taken away, and the reverse', () => {
    const conf = { ...article, macspoofchk: true, ipMasq: false };
    const second = { conf, containerID: 'c2', netns: '/run/netns/c2' };
    add(host, reference, second);
    add(host, reference, { conf });
    const both = rules(host);
    del(host, bridge, { conf });
    expect(rules(host)).not.toContain('-c1-');
    add(host, bridge, { conf });
    expect(rules(host).split('\n').sort()).toEqual(both.split('\n').sort());
    del(host, reference, { conf });
    del(host, bridge, second);
    // The Go plugin leaves table and base chain, which may be ebtables'.
    expect(host.sh('nft list table bridge nat')).not.toContain('cni');
  });

  test('GC ends the checks of attachments that are gone', () => {
    add(host, bridge, { conf });
    const veth = add(host, reference, second).interfaces[1]?.name;
    const other = { ...conf, name: 'other', bridge: 'other0' };
    add(host, bridge, { conf: other, containerID: 'c3', ifname: 'eth3' });
    const before = rules(host);
    const gc = (attachments: object[]): void => {
      const valid = { ...conf, cniVersion: '1.1.0', 'cni.dev/valid-attachments': attachments };
      const { status, stdout } = call(host, bridge, 'GC', { conf: valid });
      expect([status, stdout]).toEqual([0, '']);
    };
    gc([{ containerID: 'c1', ifname: 'eth0' }]);
    expect(rules(host)).toBe(before);
    gc([]);
    expect(rules(host)).not.toContain('-c1-');
    expect(rules(host)).toContain('-c3-eth3');
    // The Go plugin's veths have no label; their rules are stale once they are gone.
    expect(rules(host)).toContain('-c2-eth0');
    host.sh(`ip link del ${veth}`);
    gc([]);
    expect(rules(host)).not.toContain('-c2-');
  });
});
