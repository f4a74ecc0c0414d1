import type { Difference } from '../difference.ts';
import { added } from '../observed.ts';

/** An option of ours that the Go plugin ignores, so that the whole of its rows differs. */
function ownOption(what: string, why: string, isRow: (name: string) => boolean): Difference {
  return { what, why, rows: ({ row, ours }) => added(ours) && isRow(row.name), shows: [{ path: /./ }] };
}

/** Options of ours. These come after the differences that explain a part. */
export const ownOptions: readonly Difference[] = [
  ownOption(
    'excluded addresses are leased to nobody who does not ask for them',
    'the Go host-local has no exclude',
    (name) => name.startsWith('exclude'),
  ),
  ownOption(
    'a requested address may be outside the range, if the configuration allows it',
    'the Go host-local refuses it; in the subnet, it is as good as any',
    (name) => name === 'requestOutsideRange',
  ),
import { confOf } from '../row.ts';

const why = 'the Go plugin does not have the option';

/** Rows whose ADD succeeded with an option. */
const having =
  (key: string): Difference['rows'] =>
  ({ row, ours }) =>
    added(ours) && confOf(row)[key] !== undefined;

const ofPort = (setting: string): RegExp =>
  new RegExp(`^host link <veth .*> linkinfo info_slave_data ${setting}$`);

/** Options that are ours alone. */
export const ownOptions: readonly Difference[] = [
  {
    what: 'learning is an option of a port',
    why,
    rows: having('learning'),
    shows: [{ part: 'kernel', path: ofPort('learning'), ours: 'false', reference: 'true' }],
  },
  {
    what: 'proxyArp is an option of a port',
    why,
    rows: having('proxyArp'),
    shows: [{ part: 'kernel', path: ofPort('proxy_arp'), ours: 'true', reference: 'false' }],
  },
  {
    what: 'neighSuppress is an option of a port',
    why,
    rows: having('neighSuppress'),
    shows: [{ part: 'kernel', path: ofPort('neigh_suppress'), ours: 'true', reference: 'false' }],
  },
  {
    what: 'groupFwdMask is an option of a port',
    why,
    rows: having('groupFwdMask'),
    shows: [
      { part: 'kernel', path: ofPort('group_fwd_mask'), ours: '0x4000', reference: '0' },
      { part: 'kernel', path: ofPort('group_fwd_mask_str'), ours: 'lldp', reference: '0x0' },
    ],
  },
  {
    what: 'stp and forwardDelay are options of a new bridge',
    why: `${why}; addresses age faster while the topology changes`,
    rows: having('stp'),
    shows: [
      { path: /^host link br0 linkinfo info_data stp_state$/, ours: '1', reference: '0' },
      { path: /^host link br0 linkinfo info_data forward_delay$/, ours: '200', reference: '1500' },
      { path: /^host link br0 linkinfo info_data ageing_time$/, ours: '400', reference: '30000' },
    ],
  },
];
