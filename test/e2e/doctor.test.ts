import { add, executables } from '../support/cni.ts';
import { examine, networkConf, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

const lab = networkConf('lab0', '10.15.20.0/24');

/** The kernel takes a namespace down some time after its name is gone. */
const endC1 = 'ip netns del c1; while ip -o link show type veth | grep -q master; do sleep 0.01; done';

/** What is done to a sound host with container c1 on lab0, and what the doctor has to say of it. */
interface Case {
  readonly conf?: object;
  /** Run after the ADD, but for `conf`. */
  readonly harm: string;
  readonly what: RegExp;
  readonly where: RegExp;
  /** Whether `--fix` mends it, or the command that is told does, or neither can. */
  readonly by: 'fix' | 'mend' | 'nobody';
}

const cases: Record<string, Case> = {
  'a bridge that is down': {
    harm: 'ip link set lab0 down',
    what: /^bridge lab0 is down/,
    where: /lab0/,
    by: 'fix',
  },
  'a bridge without its gateway address': {
    harm: 'ip addr del 10.15.20.1/24 dev lab0',
    what: /lab0 lacks the gateway address/,
    where: /10\.15\.20\.1\/24/,
    by: 'fix',
  },
  'a container that is on no bridge': {
    harm: 'ip link set $(ip -o link show master lab0 | sed "s/^[0-9]*: //; s/@.*//") nomaster',
    what: /1 container of lab0 not on bridge/,
    where: /c1 eth0/,
    by: 'mend',
  },
  'a host veth that is down': {
    harm: 'ip link set $(ip -o link show master lab0 | sed "s/^[0-9]*: //; s/@.*//") down',
    what: /1 container of lab0 whose host veth is down/,
    where: /c1 eth0, veth veth/,
    by: 'mend',
  },
  "a container's interface that is down": {
    harm: 'ip -n c1 link set eth0 down',
    what: /1 container of lab0 whose interface is down/,
    where: /c1 eth0, veth veth/,
    by: 'mend',
  },
  'masquerading that was flushed': {
    harm: 'nft flush ruleset',
    what: /1 container of lab0 no longer masqueraded/,
    where: /10\.15\.20\.2/,
    by: 'fix',
  },
  'rules that were flushed, in a table that stays': {
    harm: 'nft flush table inet cni-bridge-lab0',
    what: /1 container of lab0 no longer masqueraded/,
    where: /10\.15\.20\.2/,
    by: 'fix',
  },
  'a spoof check that was flushed': {
    conf: { ...lab, macspoofchk: true },
    harm: 'nft delete table bridge nat',
    what: /1 container of lab0 without spoof check/,
    where: /c1 eth0/,
    by: 'fix',
  },
  'a leaked lease': {
    harm: `${endC1}; nft flush ruleset`,
    what: /1 leaked lease on lab0/,
    where: /networks\/lab0\/10\.15\.20\.2 of container c1 eth0/,
    by: 'fix',
  },
  'a map element of nobody': {
    harm: `${endC1}; rm /var/lib/cni/networks/lab0/10.15.20.2`,
    what: /1 container of lab0 gone, but still masqueraded/,
    where: /10\.15\.20\.2 in table inet cni-bridge-lab0/,
    by: 'fix',
  },
  'a container without a lease': {
    harm: 'rm /var/lib/cni/networks/lab0/10.15.20.2',
    what: /1 container without a lease/,
    where: /c1 eth0/,
    by: 'nobody',
  },
  'forwarding that is off': {
    harm: 'sysctl -qw net.ipv4.ip_forward=0',
    what: /IPv4 forwarding is off/,
    where: /ip_forward/,
    by: 'mend',
  },
  'forwarding that is off for the bridge': {
    harm: 'sysctl -qw net.ipv4.conf.lab0.forwarding=0',
    what: /IPv4 forwarding is off/,
    where: /conf\/lab0\/forwarding/,
    by: 'mend',
  },
  "Docker's policy for FORWARD": {
    harm: 'iptables -P FORWARD DROP; iptables -A FORWARD -i docker0 -j ACCEPT',
    what: /a firewall drops what lab0 forwards/,
    where: /table ip filter chain FORWARD/,
    by: 'mend',
  },
  'the same by legacy iptables': {
    harm: 'iptables-legacy -P FORWARD DROP',
    what: /a firewall drops what lab0 forwards/,
    where: /table ip filter chain FORWARD \(legacy iptables\)/,
    by: 'nobody',
  },
  "firewalld's last rule": {
    harm: `echo 'table inet firewalld { chain filter_FORWARD { type filter hook forward priority 10;
      ct state established,related accept; iifname "docker0" accept; counter reject with icmpx admin-prohibited; }; }' | nft -f -`,
    what: /a firewall drops what lab0 forwards/,
    where: /table inet firewalld chain filter_FORWARD/,
    by: 'nobody',
  },
  "another table's policy": {
    harm: `echo 'table inet mine { chain out { type filter hook forward priority 0; policy drop; }; }' | nft -f -`,
    what: /a firewall drops what lab0 forwards/,
    where: /table inet mine chain out/,
    by: 'mend',
  },
  rp_filter: {
    harm: 'sysctl -qw net.ipv4.conf.lab0.rp_filter=1; ip link add far0 type veth peer name far1; ip link set far0 up; ip link set far1 up; ip route add 10.15.20.2/32 dev far0',
    what: /rp_filter drops what lab0 sends/,
    where: /10\.15\.20\.2 is not routed to lab0/,
    by: 'nobody',
  },
  'IPv6 that is disabled': {
    conf: { ...lab, ipam: { type: 'host-local', subnet: 'fd00:15::/64' } },
    harm: 'sysctl -qw net.ipv6.conf.lab0.disable_ipv6=1',
    what: /IPv6 is disabled/,
    where: /lab0\/disable_ipv6/,
    by: 'nobody',
  },
  'a subnet that overlaps a route': {
    harm: 'ip link add far0 type veth peer name far1; ip link set far0 up; ip link set far1 up; ip route add 10.15.20.128/25 dev far0',
    what: /subnet 10\.15\.20\.0\/24 of lab0 overlaps a route/,
    where: /10\.15\.20\.128\/25 dev far0/,
    by: 'nobody',
  },
  'an address that two have': {
    harm: 'ip -n c1 addr add 10.15.20.1/24 dev eth0',
    what: /duplicate address 10\.15\.20\.1 on lab0/,
    where: /c1 eth0/,
    by: 'nobody',
  },
  "an MTU above the uplink's": {
    harm: 'ip link add up0 type veth peer name up1; ip link set up0 mtu 1400 up; ip link set up1 up; ip route add default dev up0',
    what: /MTU 1500 of lab0 is above the uplink's 1400/,
    where: /up0/,
    by: 'nobody',
  },
  'a range that is nearly full': {
    conf: {
      ...lab,
      ipam: { type: 'host-local', subnet: '10.15.20.0/24', rangeStart: '10.15.20.2', rangeEnd: '10.15.20.2' },
    },
    harm: ':',
    what: /lab0 is nearly full/,
    where: /1 of 1 addresses/,
    by: 'nobody',
  },
  'two plugins of the name': {
    harm: 'mkdir /run/plugins && mount -t tmpfs none /usr/local/lib && mkdir /usr/local/lib/cni && touch /usr/local/lib/cni/bridge; mount -t tmpfs none /usr/lib/cni; touch /usr/lib/cni/bridge',
    what: /more than one plugin of the name bridge/,
    where: /\/usr\/lib\/cni\/bridge/,
    by: 'nobody',
  },
  'a configuration that is wrong': {
    harm: `echo '{"name": "bad", "type": "bridge", "cniVersion": "1.0.0", "vlan": "x"}' >/run/conf/bad.conf`,
    what: /bad\.conf can't be used/,
    where: /vlan/,
    by: 'nobody',
  },
};

describe.each(executables)('doctor, by %s', (_name, bridge) => {
  const host = useHost('c1');

  test.each(Object.entries(cases))('finds %s', (_what, { conf = lab, harm, what, where, by }) => {
    writeConf(host, { name: 'lab0', ...conf });
    add(host, bridge, { conf });
    if (conf === lab)
      expect(examine(host, bridge)).toEqual({ status: 0, done: [], findings: [], missing: [] });
    host.sh(harm);
    const { status, findings } = examine(host, bridge);
    expect(status).toBe(1);
    const found = findings.find((one) => what.test(one.what));
    expect(found).toBeDefined();
    expect(found?.where.join('\n')).toMatch(where);
    expect(found?.isFixable).toBe(by === 'fix');
    if (by === 'nobody') return;
    if (by === 'mend') host.sh(found?.mend ?? 'false');
    const after = examine(host, bridge, '--fix');
    expect(after.findings).toEqual([]);
    expect(after.status).toBe(0);
    expect(examine(host, bridge).status).toBe(0);
  });

  test('bridge-nf-call-iptables is told of where a firewall drops, too', () => {
    writeConf(host, lab);
    add(host, bridge, { conf: lab });
    host.sh('iptables -P FORWARD DROP');
    const hasModule = host.run(['test', '-e', '/proc/sys/net/bridge/bridge-nf-call-iptables']).status === 0;
    if (hasModule) host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=1');
    const found = examine(host, bridge).findings.some((one) =>
      /bridge-nf-call-iptables is on/.test(one.what),
    );
    expect(found).toBe(hasModule);
  });

  test.each([
    ['its interface in a set', 'iifname { "docker0", "lab0" } accept'],
    ['its subnet', 'ip saddr 10.15.20.0/24 accept'],
    ['nothing: all is accepted', 'counter accept'],
  ])('a firewall that speaks of %s is none', (_how, rule) => {
    writeConf(host, lab);
    add(host, bridge, { conf: lab });
    host.sh(
      `echo 'table inet mine { chain out { type filter hook forward priority 0; policy drop; ${rule}; }; }' | nft -f -`,
    );
    expect(examine(host, bridge).findings).toEqual([]);
  });

  test("leases of another plugin's network, and of a bridge that the Go plugin serves, are not judged", () => {
    writeConf(host, lab);
    add(host, bridge, { conf: lab });
    host.sh(`mkdir /var/lib/cni/networks/macvlan
      printf 'x\\r\\neth0' >/var/lib/cni/networks/macvlan/10.99.0.2
      ip link add go0 type veth peer name go1 && ip link set go0 master lab0 && ip link set go0 up && ip link set go1 up
      printf 'y\\r\\neth0' >/var/lib/cni/networks/lab0/10.15.20.9`);
    expect(examine(host, bridge)).toMatchObject({ status: 0, findings: [] });
    host.sh('ip link del go0');
    expect(examine(host, bridge, '--fix')).toMatchObject({
      status: 0,
      done: ['remove lease 10.15.20.9 of container y eth0'],
    });
    expect(host.sh('cat /var/lib/cni/networks/macvlan/*')).toContain('x');
    // An address that somebody has is somebody's.
    host.sh(
      `printf 'y\\r\\neth0' >/var/lib/cni/networks/lab0/10.15.20.9; ip netns add z
      ip link add go0 type veth peer name eth0 netns z; ip -n z addr add 10.15.20.9/24 dev eth0`,
    );
    expect(examine(host, bridge)).toMatchObject({ status: 0, findings: [] });
  });

  test('--dry-run changes nothing, and a foreign address on the bridge stays', () => {
    const conf = { ...lab, forceAddress: true };
    writeConf(host, conf);
    add(host, bridge, { conf });
    host.sh('nft flush ruleset; ip addr del 10.15.20.1/24 dev lab0; ip addr add 10.77.0.1/24 dev lab0');
    const before = host.snapshot('c1');
    expect(examine(host, bridge, '--fix', '--dry-run').wouldDo).toEqual([
      'give lab0 the gateway 10.15.20.1/24',
      'masquerade 10.15.20.2 of container c1 eth0 again',
    ]);
    expect(host.snapshot('c1')).toBe(before);
    expect(examine(host, bridge, '--fix').findings.map((one) => one.what)).toEqual([
      'lab0 lacks the gateway address of lab0',
    ]);
    expect(host.sh('ip -o -4 addr show lab0')).toMatch(/10\.77\.0\.1/);
  });

  test('without root it says what could not be looked at; a wrong option is wrong usage', () => {
    writeConf(host, lab);
    add(host, bridge, { conf: lab });
    const { stderr } = host.run([
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
      `${bridge.replace(/bridge$/, 'cni-bridge')}`,
      'doctor',
      '--conf-dir',
      '/run/conf',
    ]);
    expect(stderr).toMatch(/not looked at: masquerading and spoof checks \(needs root/);
    expect(stderr).toMatch(/not looked at: addresses inside containers/);
    expect(stderr).toMatch(/not looked at: firewalls/);
    expect(run(host, bridge, 'doctor', '--fixx').status).toBe(2);
  });
});
