import { gateway, hostLocal, ranged, resolv, v6 } from '../fragments.ts';
import type { Row } from '../row.ts';

/** Addresses, from all sources. */
export const addresses: readonly Row[] = [
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
  { name: 'exclude', conf: { ipam: hostLocal({ subnet: '10.1.0.0/24', exclude: ['10.1.0.0/28'] }) } },
  {
    name: 'exclude, IPv6',
    conf: { ipam: ranged([{ subnet: 'fd00::/64', exclude: ['fd00::/65'] }]) },
  },
  {
    name: 'requestOutsideRange',
    conf: {
      ipam: hostLocal({ subnet: '10.1.0.0/24', rangeStart: '10.1.0.100', requestOutsideRange: true }),
      runtimeConfig: { ips: ['10.1.0.7/24'] },
    },
  },
  { name: 'sticky', conf: { ipam: hostLocal({ subnet: '10.1.0.0/24', sticky: true }) } },
  {
    name: 'requested address outside rangeStart, in the subnet',
    code: 7,
    conf: {
      ipam: hostLocal({ subnet: '10.1.0.0/24', rangeStart: '10.1.0.100' }),
      runtimeConfig: { ips: ['10.1.0.7/24'] },
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
];
