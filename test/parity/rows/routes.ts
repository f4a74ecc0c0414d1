import { gateway, hostLocal, routed } from '../fragments.ts';
import type { Row } from '../row.ts';

/** Routes. */
export const routes: readonly Row[] = [
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
];
