import { dual, gateway, layer2, routed } from '../fragments.ts';
import type { Row } from '../row.ts';

const cniVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const known = (cniVersion: string) => (cniVersion === '1.1.0' ? { since: '1.5.0' } : {});

/** Every version of CNI, in three shapes. */
export const versions: readonly Row[] = [
  ...cniVersions.flatMap((cniVersion): Row[] => [
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
];
