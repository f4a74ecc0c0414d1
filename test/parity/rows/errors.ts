import { bridgeWith, gateway, hostLocal, ranged } from '../fragments.ts';
import type { Row } from '../row.ts';

/** Errors. */
export const errors: readonly Row[] = [
  { name: 'error: not JSON', stdin: '{"cniVersion": ' },
  { name: 'error: no name', conf: { name: undefined } },
  { name: 'error: bad name', conf: { name: 'a/b' } },
  { name: 'error: unknown version', conf: { cniVersion: '9.9.9' } },
  { name: 'error: not a version', conf: { cniVersion: 'abc' } },
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
