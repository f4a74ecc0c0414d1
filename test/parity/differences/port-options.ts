import type { Difference } from '../difference.ts';
import { added } from '../observed.ts';
import { confOf } from '../row.ts';

const why = 'the Go plugin does not have the option';

/** Rows whose ADD succeeded with an option. */
const having =
  (key: string): Difference['rows'] =>
  ({ row, ours }) =>
    added(ours) && confOf(row)[key] !== undefined;

const ofPort = (setting: string): RegExp =>
  new RegExp(`^host link <veth .*> linkinfo info_slave_data ${setting}$`);

/** Options of a port and a bridge that are ours alone. */
export const portOptions: readonly Difference[] = [
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
    what: "an uplink is a port of the bridge, in the containers' VLAN, until the last one goes",
    why,
    rows: having('uplink'),
    shows: [
      { part: 'kernel', path: /^host link up0 master$/, ours: 'br0', reference: null },
      {
        part: 'kernel',
        path: /^host link up0 ifalias$/,
        ours: 'cni-bridge: uplink, was up',
        reference: null,
      },
      { part: 'kernel', path: /^host link up0 (allmulti|promiscuity)$/, ours: '1', reference: '0' },
      { part: 'kernel', path: /^host link up0 linkinfo info_slave_\w+( \w+)?$/, reference: null },
      { part: 'kernel', path: /^host fdb 02:00:00:00:00:0[78] up0( 100)?$/, reference: null },
      { part: 'kernel', path: /^host vlan of up0 100-100$/, reference: null },
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
