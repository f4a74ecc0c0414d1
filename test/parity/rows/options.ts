import { dual, layer2, v6 } from '../fragments.ts';
import type { Row } from '../row.ts';

const uplink =
  'ip link add up0 address 02:00:00:00:00:07 up type veth peer name up1 && ip link set up1 address 02:00:00:00:00:08 up';

/** Each option alone. */
export const options: readonly Row[] = [
  { name: 'nothing but an address' },
  { name: 'bridge left to its default', conf: { bridge: undefined } },
  { name: 'isGateway', conf: { isGateway: true } },
  { name: 'isDefaultGateway', conf: { isDefaultGateway: true } },
  { name: 'metric', conf: { isDefaultGateway: true, metric: 200 } },
  { name: 'metric, IPv6', conf: { isDefaultGateway: true, metric: 200, ipam: v6 } },
  { name: 'forceAddress', conf: { forceAddress: true } },
  { name: 'ipMasq', conf: { ipMasq: true } },
  { name: 'ipMasqBackend nftables', conf: { ipMasq: true, ipMasqBackend: 'nftables' }, since: '1.6.0' },
  { name: 'ipMasqBackend iptables', conf: { ipMasq: true, ipMasqBackend: 'iptables' }, since: '1.6.0' },
  { name: 'ipMasqFamilies', conf: { ipMasq: true, ipMasqFamilies: ['ipv4'], ipam: dual } },
  {
    name: 'outboundAddresses',
    before: 'ip addr add 192.0.2.10/32 dev lo',
    conf: { ipMasq: true, outboundAddresses: ['192.0.2.10'] },
  },
  { name: 'noMasquerade', conf: { ipMasq: true, noMasquerade: ['192.168.0.0/16'] } },
  { name: 'mtu', conf: { mtu: 1400 } },
  {
    name: 'mtu auto',
    conf: { mtu: 'auto' },
    before:
      'ip link add up0 mtu 1400 type veth peer name up1; ip link set up0 up; ip route add default dev up0',
  },
  { name: 'hairpinMode', conf: { hairpinMode: true } },
  { name: 'promiscMode', conf: { promiscMode: true } },
  { name: 'portIsolation', conf: { portIsolation: true }, since: '1.5.0' },
  { name: 'ipspoofchk', conf: { ipspoofchk: true } },
  { name: 'macspoofchk', conf: { macspoofchk: true } },
  { name: 'forgetConnections', conf: { forgetConnections: true, ipMasq: true } },
  { name: 'enabledad', conf: { enabledad: true } },
  { name: 'enabledad, IPv6', conf: { enabledad: true, ipam: v6 } },
  {
    name: 'disableContainerInterface',
    conf: { disableContainerInterface: true, ...layer2 },
    since: '1.4.0',
  },
  { name: 'hostInterfaceName', conf: { args: { cni: { hostInterfaceName: 'web0' } } } },
  { name: 'hostInterfaceName, a pattern', conf: { hostInterfaceName: 'web-{id}' } },
  // The Go plugin doesn't have it, and the network is the same.
  { name: 'debug', conf: { debug: '/run/debug.log' } },
  { name: 'learning off', conf: { learning: false } },
  { name: 'proxyArp', conf: { proxyArp: true } },
  { name: 'neighSuppress', conf: { neighSuppress: true } },
  { name: 'groupFwdMask', conf: { groupFwdMask: 16384 } },
  { name: 'stp and forwardDelay', conf: { stp: true, forwardDelay: 2 } },
  { name: 'uplink', conf: { uplink: 'up0' }, before: uplink },
  { name: 'uplink with a VLAN', conf: { uplink: 'up0', vlan: 100 }, before: uplink, vlan: true },
  { name: 'dns', conf: { dns: { nameservers: ['10.1.0.53'], domain: 'example.org' } }, since: '1.2.0' },
  { name: 'forward, where nothing drops', conf: { isGateway: true, forward: true } },
  {
    name: 'forward, where Docker drops',
    conf: { isGateway: true, forward: true },
    before: 'iptables -P FORWARD DROP; iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER',
  },
  { name: 'isolate', conf: { isGateway: true, isolate: true } },
  { name: 'isolate strict, IPv6', conf: { isGateway: true, isolate: 'strict', ipam: v6 }, second: true },
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
];
