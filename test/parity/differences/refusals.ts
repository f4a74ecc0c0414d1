import type { Difference } from '../difference.ts';
import { added, cniVersionOf, failed, isLayer3 } from '../observed.ts';

/** The versions whose results have one address of a family and no interfaces. */
const oldest = ['0.1.0', '0.2.0'];

const refusedRoutes = ['route with host bits', 'route with scope', 'default route of IPAM, isDefaultGateway'];

/**
 * What the Go plugin refuses, so that the whole row differs. These come last, after the differences that explain a
 * part.
 */
export const refusals: readonly Difference[] = [
  {
    what: 'CNI_ARGS may have MAC without IgnoreUnknown',
    why: 'the Go host-local knows no MAC, nor its bridge an IP; ours know both',
    rows: ({ row }) => row.args !== undefined && /^MAC=[^;]*$/.test(row.args),
    shows: [{ path: /./ }],
  },
  {
    what: 'layer 2 only has a result in 0.1.0 and 0.2.0',
    why: 'the Go plugin sets everything up and then cannot print a result without an address',
    rows: ({ row }) => oldest.includes(cniVersionOf(row)) && !isLayer3(row),
    shows: [{ path: /./ }],
  },
  {
    what: 'routes that the Go plugin refuses are made',
    why: 'host bits still name their network; a route with scope link needs no gateway; the same default route twice is one',
    rows: ({ row, ours, reference }) => refusedRoutes.includes(row.name) && added(ours) && failed(reference),
    shows: [{ path: /./ }],
  },
];
