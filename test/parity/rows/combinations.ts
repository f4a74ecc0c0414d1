import { bridgeWith, dual, everything, gateway, layer2, v6 } from '../fragments.ts';
import type { Row } from '../row.ts';

/** Options with others. */
export const combinations: readonly Row[] = [
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
];
