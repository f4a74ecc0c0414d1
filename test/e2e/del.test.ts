import { articleAs } from '../support/article.ts';
import { add, del, executables, failure, type Result } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = {
  ...articleAs('1.0.0'),
  isDefaultGateway: true,
  macspoofchk: true,
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
  },
};
const other = { containerID: 'other', netns: '/run/netns/c2', conf };

/** What happened after the ADD ($V is the host veth), and the DEL's namespace. */
const losses: [string, string, string | undefined][] = [
  ['nothing is amiss', 'true', undefined],
  ['the namespace is gone', 'ip netns del c1; ip netns add c1.gone', undefined],
  ['the namespace is gone, its file is left', 'umount /run/netns/c1', undefined],
  ['the path is longer than any', 'ip netns del c1; ip netns add c1.gone', `/${'a'.repeat(5000)}`],
  ['the link is gone', 'ip -n c1 link del eth0', undefined],
  [
    'the link was given another name',
    'ip -n c1 link set eth0 down; ip -n c1 link set eth0 name eth7',
    undefined,
  ],
  [
    'the link was given another name, and its own to another link',
    `ip -n c1 link set eth0 down; ip -n c1 link set eth0 name eth7
      ip -n c1 link add eth0 type veth peer name eth8`,
    undefined,
  ],
  ['the host veth was given another name', 'ip link set $V down; ip link set $V name other0', undefined],
  ['the leases are gone', 'rm $D/10.15.20.3 $D/fd00*3', undefined],
  ['one of the leases is gone', 'rm $D/fd00*3', undefined],
  [
    'the masquerading is gone',
    'nft delete element inet cni-bridge-lab-br1 sources4 "{ 10.15.20.3 }"',
    undefined,
  ],
  ['the spoof check is gone', 'nft delete rule bridge nat PREROUTING handle $H', undefined],
  ['CNI_NETNS is empty', 'true', ''],
  ['everything is gone', 'ip -n c1 link del eth0; rm $D/10.15.20.3 $D/fd00*3', ''],
];

describe.each(executables)('DEL of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  describe.each([
    ['with a prevResult', (prevResult: Result) => ({ ...conf, prevResult })],
    ['without one', () => conf],
  ])('%s', (_what, confOf) => {
    test.each(losses)('when %s: the host is as before the ADD', (_loss, command, netns) => {
      // Another container stays on the network, so bridge, tables and chains have to stay too.
      add(host, bridge, other);
      // The kernel adds this route a little later.
      host.sh("until ip -6 route show table local | grep -q 'fd00:15:20::1 '; do sleep 0.05; done");
      const before = host.snapshot('c2');
      const prevResult = add(host, bridge, { conf });
      const veth = prevResult.interfaces[1]?.name;
      host.sh(`V=${veth}; D=/var/lib/cni/networks/lab-br1
        H=$(nft -a list chain bridge nat PREROUTING | sed -n "s/.*iifname \\"$V\\".*handle //p")
        ${command}`);
      const request = { conf: confOf(prevResult), ...(netns === undefined ? {} : { netns }) };
      del(host, bridge, request);
      expect(host.snapshot('c2')).toBe(before);
      del(host, bridge, request);
      expect(host.snapshot('c2')).toBe(before);
    });
  });

  test('for a container that was never added, on a host that never had the network', () => {
    const before = host.snapshot('c1');
    del(host, bridge, { conf });
    del(host, bridge, { conf, netns: '' });
    del(host, bridge, { conf, netns: '/run/netns/nowhere' });
    expect(host.snapshot('c1')).toBe(before);
    expect(host.sh('find /var/lib/cni -mindepth 1')).toBe('');
    add(host, bridge, other);
    host.sh("until ip -6 route show table local | grep -q 'fd00:15:20::1 '; do sleep 0.05; done");
    const shared = host.snapshot('c1', 'c2');
    del(host, bridge, { conf });
    del(host, bridge, { conf, containerID: 'other', ifname: 'eth1', netns: '/run/netns/c2' });
    expect(host.snapshot('c1', 'c2')).toBe(shared);
  });

  describe('goes on when something fails, and reports it', () => {
    const names = (): string => host.sh('ip -o link show type veth; ip -n c1 -o link show type veth');
    const leases = (): string => host.sh('find /var/lib/cni/networks/lab-br1 -name "10.*" -o -name "fd*"');
    const strace = (fault: string): string[] => ['/usr/bin/strace', '-f', '-o', '/dev/null', '-e', fault];

    test('netfilter cannot be reached: the veth pair and the lease are removed', () => {
      add(host, bridge, { conf });
      const under = strace('inject=socket:error=EMFILE:when=1');
      expect(failure(host, bridge, 'DEL', { conf, under }).details).toContain('EMFILE');
      expect([names(), leases()]).toEqual(['', '']);
      del(host, bridge, { conf });
      expect(host.sh('nft list ruleset')).toBe('');
    });

    test('the leases cannot be read: the veth pair, masquerading and spoof checks are removed', () => {
      add(host, bridge, { conf });
      host.sh('D=/var/lib/cni/networks; mv $D/lab-br1 $D/kept && touch $D/lab-br1');
      expect(failure(host, bridge, 'DEL', { conf }).msg).toContain('/var/lib/cni/networks/lab-br1');
      expect(names()).toBe('');
      expect(host.sh('nft list ruleset')).toBe('');
    });

    test('the namespace cannot be entered: the host veth is found by its label', () => {
      add(host, bridge, { conf });
      const under = strace('inject=setns:error=EPERM:when=1+');
      expect(failure(host, bridge, 'DEL', { conf, under }).details).toContain('CAP_SYS_ADMIN');
      expect([names(), leases()]).toEqual(['', '']);
      expect(host.sh('nft list ruleset')).toBe('');
    });

    test('the container cannot be reached and the veth has no label: the lease stays with it', () => {
      const veth = add(host, bridge, { conf }).interfaces[1]?.name;
      host.sh(`ip link set ${veth} alias ""`);
      const under = strace('inject=setns:error=EPERM:when=1+');
      expect(failure(host, bridge, 'DEL', { conf, under }).details).toContain('CAP_SYS_ADMIN');
      expect(leases()).toContain('10.15.20.2');
      del(host, bridge, { conf });
      expect([names(), leases()]).toEqual(['', '']);
    });
  });
});
