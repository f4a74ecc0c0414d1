/** One configuration, and what a runtime asks of a plugin with it. What is left out is as in `common`. */
export interface Row {
  readonly name: string;
  /** Laid over the common configuration; undefined takes a key away. */
  readonly conf?: Readonly<Record<string, unknown>>;
  /** In place of the whole configuration. */
  readonly stdin?: string;
  /** CNI_ARGS */
  readonly args?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly ifname?: string;
  readonly containerID?: string;
  /** Done on the host before the ADD. */
  readonly before?: string;
  /** A second container, c2, is added after the first and deleted after it. */
  readonly second?: true;
  /** Done on the host after the first CHECK, to make a second one find it out. */
  readonly tamper?: string;
  /** Done on the host before the DEL. */
  readonly gone?: string;
  /** The version of the reference that first knows what is asked for. */
  readonly since?: string;
  /** The code of our error, where the reference has 999 for whatever went wrong. */
  readonly code?: number;
  /** Needs a kernel that filters VLANs. */
  readonly vlan?: true;
}

const common = { cniVersion: '1.0.0', name: 'net', type: 'bridge', bridge: 'br0' };

/** The configuration of a row. */
export function confOf({ conf = {} }: Row): Record<string, unknown> {
  return { ...common, ipam: v4, ...conf };
}

const hostLocal = (rest: object) => ({ type: 'host-local', ...rest });
const v4 = hostLocal({ subnet: '10.1.0.0/24' });
const v6 = hostLocal({ ranges: [[{ subnet: 'fd00::/64' }]] });
const dual = hostLocal({ ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] });
const routed = (...routes: object[]) => hostLocal({ subnet: '10.1.0.0/24', routes });
const ranged = (...ranges: object[][]) => hostLocal({ ranges });
const layer2 = { ipam: {} };
/** The kernel ends a namespace some time after its name is gone, and the host's end of the pair with it. */
const endNamespace =
  "ip netns del c1; timeout 30 sh -c 'while ip -o link show type veth | grep -q .; do sleep 0.05; done'";

const gateway = { isGateway: true };
const everything = {
  isDefaultGateway: true,
  ipMasq: true,
  hairpinMode: true,
  mtu: 1400,
  portIsolation: true,
};

const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const known = (cniVersion: string) => (cniVersion === '1.1.0' ? { since: '1.5.0' } : {});

const rows: readonly Row[] = [
  // Every version, in three shapes.
  ...versions.flatMap((cniVersion): Row[] => [
    {
      name: `${cniVersion}: IPv4, gateway, routes`,
      conf: {
        cniVersion,
        ...gateway,
        ipam: routed({ dst: '0.0.0.0/0' }, { dst: '10.9.0.0/16', gw: '10.1.0.9' }),
      },
      ...known(cniVersion),
    },
    {
      name: `${cniVersion}: IPv4 and IPv6`,
      conf: { cniVersion, ...gateway, ipam: dual },
      ...known(cniVersion),
    },
    { name: `${cniVersion}: layer 2 only`, conf: { cniVersion, ...layer2 }, ...known(cniVersion) },
  ]),
  { name: 'no cniVersion', conf: { cniVersion: undefined } },

  // Each option alone.
  { name: 'nothing but an address' },
  { name: 'bridge left to its default', conf: { bridge: undefined } },
  { name: 'isGateway', conf: { isGateway: true } },
  { name: 'isDefaultGateway', conf: { isDefaultGateway: true } },
  { name: 'forceAddress', conf: { forceAddress: true } },
  { name: 'ipMasq', conf: { ipMasq: true } },
  { name: 'ipMasqBackend nftables', conf: { ipMasq: true, ipMasqBackend: 'nftables' }, since: '1.6.0' },
  { name: 'ipMasqBackend iptables', conf: { ipMasq: true, ipMasqBackend: 'iptables' }, since: '1.6.0' },
  { name: 'mtu', conf: { mtu: 1400 } },
  { name: 'hairpinMode', conf: { hairpinMode: true } },
  { name: 'promiscMode', conf: { promiscMode: true } },
  { name: 'portIsolation', conf: { portIsolation: true }, since: '1.5.0' },
  { name: 'macspoofchk', conf: { macspoofchk: true } },
  { name: 'enabledad', conf: { enabledad: true } },
  { name: 'enabledad, IPv6', conf: { enabledad: true, ipam: v6 } },
  {
    name: 'disableContainerInterface',
    conf: { disableContainerInterface: true, ...layer2 },
    since: '1.4.0',
  },
  { name: 'dns', conf: { dns: { nameservers: ['10.1.0.53'], domain: 'example.org' } }, since: '1.2.0' },
  {
    name: 'options at their defaults, spelled out',
    conf: { isGateway: false, mtu: 0, vlan: 0, hairpinMode: false },
  },
  { name: 'vlan', conf: { vlan: 100 }, vlan: true },
  {
    name: 'vlanTrunk',
    conf: { vlanTrunk: [{ id: 101 }, { minID: 200, maxID: 203 }] },
    vlan: true,
    since: '1.3.0',
  },
  { name: 'preserveDefaultVlan', conf: { vlan: 100, preserveDefaultVlan: true }, vlan: true, since: '1.4.0' },

  // Each option with others.
  { name: 'default gateway, masquerading, hairpin, mtu, isolation', conf: everything, since: '1.5.0' },
  { name: 'the same for IPv4 and IPv6', conf: { ...everything, ipam: dual }, since: '1.5.0' },
  { name: 'default gateway, promiscMode', conf: { isDefaultGateway: true, promiscMode: true } },
  {
    name: 'forceAddress over another address',
    conf: { ...gateway, forceAddress: true },
    before: bridgeWith('10.7.0.1/16'),
  },
  {
    name: 'forceAddress over an overlapping IPv6 address',
    conf: { ...gateway, forceAddress: true, ipam: v6 },
    before: bridgeWith('fd00::9/48'),
  },
  {
    name: 'iptables, IPv4 and IPv6, default gateway',
    conf: { isDefaultGateway: true, ipMasq: true, ipMasqBackend: 'iptables', ipam: dual },
    since: '1.6.0',
  },
  {
    name: 'nftables, second container',
    conf: { isDefaultGateway: true, ipMasq: true, ipMasqBackend: 'nftables' },
    second: true,
    since: '1.6.0',
  },
  { name: 'macspoofchk, gateway, masquerading', conf: { macspoofchk: true, isGateway: true, ipMasq: true } },
  {
    name: 'macspoofchk with a MAC that is asked for',
    conf: { macspoofchk: true },
    args: 'IgnoreUnknown=1;MAC=02:00:00:00:00:07',
  },
  { name: 'macspoofchk, second container', conf: { macspoofchk: true, ...gateway }, second: true },
  {
    name: 'enabledad, IPv4 and IPv6, default gateway',
    conf: { enabledad: true, isDefaultGateway: true, ipam: dual },
  },
  {
    name: 'disableContainerInterface, mtu, hairpin',
    conf: { disableContainerInterface: true, mtu: 1400, hairpinMode: true, ...layer2 },
    since: '1.4.0',
  },
  {
    name: 'portIsolation, second container',
    conf: { portIsolation: true, ...gateway },
    second: true,
    since: '1.5.0',
  },
  { name: 'layer 2 only, mtu, hairpin', conf: { ...layer2, mtu: 1400, hairpinMode: true } },
  {
    name: 'layer 2 only, masquerading and gateway asked for',
    conf: { ...layer2, ipMasq: true, isGateway: true },
  },
  {
    name: 'mtu on a bridge that is there',
    conf: { mtu: 1400, ...gateway },
    before: bridgeWith('10.1.0.1/24'),
  },
  { name: 'vlan, gateway', conf: { vlan: 100, ...gateway }, vlan: true },
  {
    name: 'vlan, default gateway, IPv4 and IPv6',
    conf: { vlan: 100, isDefaultGateway: true, ipam: dual },
    vlan: true,
  },
  { name: 'vlan, second container', conf: { vlan: 100, ...gateway }, second: true, vlan: true },
  { name: 'vlan, vlanTrunk', conf: { vlan: 100, vlanTrunk: [{ id: 101 }] }, vlan: true, since: '1.3.0' },
  {
    name: 'vlanTrunk, preserveDefaultVlan',
    conf: { vlanTrunk: [{ minID: 101, maxID: 102 }], preserveDefaultVlan: true },
    vlan: true,
    since: '1.4.0',
  },
  {
    name: 'vlan, preserveDefaultVlan, gateway, mtu',
    conf: { vlan: 100, preserveDefaultVlan: true, ...gateway, mtu: 1400 },
    vlan: true,
    since: '1.4.0',
  },
  { name: 'vlan, layer 2 only, hairpin', conf: { vlan: 7, hairpinMode: true, ...layer2 }, vlan: true },

  // Surroundings.
  { name: 'second container', conf: gateway, second: true },
  { name: 'second container, IPv4 and IPv6', conf: { ...gateway, ipam: dual }, second: true },
  { name: 'second container, layer 2 only', conf: layer2, second: true },
  { name: 'a bridge that is there and down', conf: gateway, before: 'ip link add br0 type bridge' },
  { name: 'a bridge with the gateway address', conf: gateway, before: bridgeWith('10.1.0.1/24') },
  { name: 'interface name of 15 bytes', ifname: 'abcdefghij12345', conf: gateway },
  { name: 'container ID of 128 characters', containerID: 'c'.repeat(128), conf: { ipMasq: true } },
  {
    name: 'IPv6 off in the container',
    conf: { ipam: dual },
    before:
      'ip netns exec c1 sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
  },

  // Addresses.
  { name: 'IPv6 alone', conf: { ipam: v6 } },
  { name: 'IPv6, default gateway, masquerading', conf: { ipam: v6, isDefaultGateway: true, ipMasq: true } },
  {
    name: 'a range with its ends and gateway',
    conf: {
      ...gateway,
      ipam: ranged([
        { subnet: '10.1.0.0/24', rangeStart: '10.1.0.50', rangeEnd: '10.1.0.60', gateway: '10.1.0.254' },
      ]),
    },
  },
  {
    name: 'a range set of two subnets',
    conf: { ipam: ranged([{ subnet: '10.1.0.0/30' }, { subnet: '10.2.0.0/24' }]) },
    second: true,
  },
  {
    name: 'two IPv4 addresses',
    conf: { ipam: ranged([{ subnet: '10.1.0.0/24' }], [{ subnet: '10.2.0.0/24' }]) },
  },
  {
    name: 'subnet beside ranges',
    conf: { ipam: hostLocal({ subnet: '10.3.0.0/24', ranges: [[{ subnet: 'fd00::/64' }]] }) },
  },
  {
    name: 'rangeStart and rangeEnd beside subnet',
    conf: { ipam: hostLocal({ subnet: '10.1.0.0/24', rangeStart: '10.1.0.9', rangeEnd: '10.1.0.9' }) },
  },
  { name: 'CNI_ARGS MAC without IgnoreUnknown', args: 'MAC=02:00:00:00:00:07' },
  { name: 'CNI_ARGS IP', args: 'IgnoreUnknown=1;IP=10.1.0.77' },
  {
    name: 'CNI_ARGS MAC, IP and a pod',
    args: 'IgnoreUnknown=1;MAC=02:00:00:00:00:07;IP=10.1.0.77;K8S_POD_NAME=web;other=x',
  },
  { name: 'args.cni ips and mac', conf: { args: { cni: { ips: ['10.1.0.78'], mac: '02:00:00:00:00:08' } } } },
  { name: 'runtimeConfig ips', conf: { runtimeConfig: { ips: ['10.1.0.79/24'] } } },
  {
    name: 'runtimeConfig ipRanges',
    conf: { ipam: hostLocal({}), runtimeConfig: { ipRanges: [[{ subnet: '10.4.0.0/24' }]] } },
  },
  { name: 'runtimeConfig mac', conf: { runtimeConfig: { mac: '02:00:00:00:00:09' } } },
  {
    name: 'three MACs asked for: the last counts',
    args: 'IgnoreUnknown=1;MAC=02:00:00:00:00:07',
    conf: { args: { cni: { mac: '02:00:00:00:00:08' } }, runtimeConfig: { mac: '02:00:00:00:00:09' } },
  },
  {
    name: 'resolvConf',
    conf: { ipam: hostLocal({ subnet: '10.1.0.0/24', resolvConf: '/run/resolv' }) },
    before: resolv(),
  },
  {
    name: 'dns in place of resolvConf',
    conf: {
      dns: { search: ['a.example'] },
      ipam: hostLocal({ subnet: '10.1.0.0/24', resolvConf: '/run/resolv' }),
    },
    before: resolv(),
    since: '1.2.0',
  },
  { name: 'dataDir', conf: { ipam: hostLocal({ subnet: '10.1.0.0/24', dataDir: '/var/lib/cni/mine' }) } },
  {
    name: 'static',
    conf: {
      ...gateway,
      ipam: {
        type: 'static',
        addresses: [{ address: '10.1.0.5/24' }, { address: 'fd00::5/64', gateway: 'fd00::1' }],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  },

  // Routes.
  { name: 'route without gw', conf: { ...gateway, ipam: routed({ dst: '10.9.0.0/16' }) } },
  { name: 'route without gw, no gateway', conf: { ipam: routed({ dst: '10.9.0.0/16' }) } },
  { name: 'route with host bits', conf: { ipam: routed({ dst: '10.9.1.2/16' }) } },
  {
    name: 'default route of IPAM, isDefaultGateway',
    conf: { isDefaultGateway: true, ipam: routed({ dst: '0.0.0.0/0' }) },
  },
  {
    name: 'default route of IPAM with gw, isDefaultGateway',
    conf: { isDefaultGateway: true, ipam: routed({ dst: '0.0.0.0/0', gw: '10.1.0.9' }) },
  },
  {
    name: 'ECMP',
    conf: { ipam: routed({ dst: '10.9.0.0/16', gw: '10.1.0.7' }, { dst: '10.9.0.0/16', gw: '10.1.0.8' }) },
  },
  {
    name: 'ECMP, IPv6',
    conf: {
      ipam: hostLocal({
        ranges: [[{ subnet: 'fd00::/64' }]],
        routes: [
          { dst: 'fd09::/48', gw: 'fd00::7' },
          { dst: 'fd09::/48', gw: 'fd00::8' },
        ],
      }),
    },
  },
  {
    name: 'route with mtu and advmss',
    conf: { ipam: routed({ dst: '10.9.0.0/16', mtu: 1400, advmss: 1300 }) },
    since: '1.6.0',
  },
  {
    name: 'route with priority',
    conf: { ipam: routed({ dst: '10.9.0.0/16', priority: 50 }) },
    since: '1.6.0',
  },
  { name: 'route with table', conf: { ipam: routed({ dst: '10.9.0.0/16', table: 100 }) }, since: '1.6.0' },
  { name: 'route with scope', conf: { ipam: routed({ dst: '10.9.0.0/16', scope: 253 }) }, since: '1.6.0' },
  {
    name: 'route with all of them, 0.4.0',
    conf: {
      cniVersion: '0.4.0',
      ipam: routed({
        dst: '10.9.0.0/16',
        gw: '10.1.0.1',
        mtu: 1400,
        advmss: 1300,
        priority: 50,
        table: 100,
        scope: 0,
      }),
    },
    since: '1.6.0',
  },
  {
    name: 'route with all of them, 1.1.0',
    conf: {
      cniVersion: '1.1.0',
      ipam: routed({
        dst: '10.9.0.0/16',
        gw: '10.1.0.1',
        mtu: 1400,
        advmss: 1300,
        priority: 50,
        table: 100,
        scope: 0,
      }),
    },
    since: '1.6.0',
  },
  {
    name: 'routes of both families',
    conf: {
      ...gateway,
      ipam: hostLocal({
        ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }, { dst: 'fd09::/48' }],
      }),
    },
  },
  { name: 'route of a family without address', conf: { ipam: routed({ dst: 'fd09::/48', gw: 'fd00::1' }) } },

  // What CHECK finds out.
  { name: 'CHECK: the address is gone', conf: gateway, tamper: 'ip -n c1 addr flush dev eth0' },
  { name: 'CHECK: a route is gone', conf: { isDefaultGateway: true }, tamper: 'ip -n c1 route del default' },
  { name: 'CHECK: another MAC', tamper: 'ip -n c1 link set eth0 address 02:00:00:00:00:01' },
  { name: 'CHECK: no port of the bridge', tamper: 'ip link set $(ls /sys/class/net | grep ^veth) nomaster' },
  { name: 'CHECK: the bridge is gone', tamper: 'ip link del br0' },
  { name: 'CHECK: promiscuous', tamper: 'ip link set br0 promisc on' },
  { name: 'CHECK: the lease is gone', code: 3, tamper: 'rm /var/lib/cni/networks/net/10.1.0.2' },
  { name: 'CHECK: one more address is fine', tamper: 'ip -n c1 addr add 10.5.0.1/24 dev eth0' },

  // What DEL meets.
  { name: 'DEL: the namespace is gone', conf: gateway, gone: endNamespace },
  { name: 'DEL: the namespace is gone, masqueraded', conf: { ipMasq: true }, gone: endNamespace },
  { name: 'DEL: the link is gone', conf: { ipMasq: true }, gone: 'ip -n c1 link del eth0' },
  { name: 'DEL: the lease is gone', conf: { ipMasq: true }, gone: 'rm /var/lib/cni/networks/net/10.1.0.2' },
  { name: 'DEL: the bridge is gone', conf: gateway, gone: 'ip link del br0' },

  // Errors.
  { name: 'error: not JSON', stdin: '{"cniVersion": ' },
  { name: 'error: no name', conf: { name: undefined } },
  { name: 'error: bad name', conf: { name: 'a/b' } },
  { name: 'error: unknown version', conf: { cniVersion: '9.9.9' } },
  { name: 'error: hairpinMode and promiscMode', code: 7, conf: { hairpinMode: true, promiscMode: true } },
  { name: 'error: vlan out of range', code: 7, conf: { vlan: 5000 } },
  { name: 'error: vlanTrunk with one end', code: 7, conf: { vlanTrunk: [{ minID: 5 }] }, since: '1.3.0' },
  {
    name: 'error: disableContainerInterface with IPAM',
    code: 7,
    conf: { disableContainerInterface: true },
    since: '1.4.0',
  },
  {
    name: 'error: ipMasqBackend unknown',
    code: 7,
    conf: { ipMasq: true, ipMasqBackend: 'pf' },
    since: '1.6.0',
  },
  { name: 'error: mtu is a string', code: 7, conf: { mtu: 'large' } },
  { name: 'error: bad MAC', code: 7, conf: { runtimeConfig: { mac: 'nonsense' } } },
  { name: 'error: bad subnet', code: 7, conf: { ipam: hostLocal({ subnet: '10.1.0.0' }) } },
  { name: 'error: no subnet', code: 7, conf: { ipam: hostLocal({}) } },
  {
    name: 'error: overlapping ranges',
    code: 7,
    conf: { ipam: ranged([{ subnet: '10.1.0.0/24' }], [{ subnet: '10.1.0.0/16' }]) },
  },
  { name: 'error: IPAM that is nowhere', code: 7, conf: { ipam: { type: 'nowhere' } } },
  { name: 'error: requested address outside', code: 7, args: 'IgnoreUnknown=1;IP=10.200.0.1' },
  { name: 'error: unknown argument', code: 4, args: 'COLOUR=red' },
  { name: 'error: no CNI_IFNAME', env: { CNI_IFNAME: undefined } },
  {
    name: 'error: no CNI_CONTAINERID, no CNI_PATH',
    env: { CNI_CONTAINERID: undefined, CNI_PATH: undefined },
  },
  { name: 'error: bad container ID', containerID: '../c1' },
  { name: 'error: bad interface name', ifname: 'a/b' },
  { name: 'error: unknown command', env: { CNI_COMMAND: 'FLY' } },
  { name: 'error: no such namespace', code: 8, env: { CNI_NETNS: '/run/netns/none' } },
  { name: 'error: namespace path is a file', code: 8, env: { CNI_NETNS: '/etc/hostname' } },
  { name: 'error: own namespace', since: '1.5.0', code: 8, env: { CNI_NETNS: '/proc/self/ns/net' } },
  { name: 'error: interface exists', code: 4, before: 'ip -n c1 link add eth0 type bridge' },
  {
    name: 'error: range exhausted',
    code: 11,
    conf: { ipam: hostLocal({ subnet: '10.1.0.0/24', rangeStart: '10.1.0.9', rangeEnd: '10.1.0.9' }) },
    second: true,
  },
  { name: 'error: bridge is a veth', code: 7, before: 'ip link add br0 type veth peer name other' },
  { name: 'error: another address on the bridge', code: 7, conf: gateway, before: bridgeWith('10.7.0.1/16') },
  {
    name: 'error: requested address taken',
    code: 11,
    conf: { runtimeConfig: { ips: ['10.1.0.9'] } },
    second: true,
  },
];

function bridgeWith(address: string): string {
  return `ip link add br0 address 02:00:00:00:00:b0 type bridge && ip link set br0 up && ip addr add ${address} dev br0`;
}

function resolv(): string {
  return 'printf "nameserver 10.1.0.1\\nsearch b.example\\noptions ndots:2\\n" >/run/resolv';
}

/**
 * The rows for a kernel whose names have a text in them.
 * @param vlan those that need VLAN filtering, or those that don't
 */
export function rowsOf(vlan: boolean, text: string): Row[] {
  return rows.filter((row) => (row.vlan === true) === vlan && row.name.includes(text));
}
