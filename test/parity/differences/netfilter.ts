import type { Difference } from '../difference.ts';
import { added, isLayer3 } from '../observed.ts';
import { confOf } from '../row.ts';

/** What masquerading and macspoofchk have otherwise. */
export const netfilter: readonly Difference[] = [
  {
    what: 'each network has a table of masquerading of its own, which its last DEL takes away',
    why: 'one lookup however many containers there are; what is masqueraded is compared and is the same',
    rows: ({ row, ours }) =>
      added(ours) && confOf(row).ipMasq === true && confOf(row).ipMasqBackend !== 'iptables' && isLayer3(row),
    shows: [
      { path: /^nft table inet cni-bridge-/, ours: 'there', reference: null },
      { path: /^nft table inet cni_plugins_masquerade$/, ours: null, reference: 'there' },
    ],
  },
  {
    what: "macspoofchk's table says who made it, and goes with the last container's DEL",
    why: 'the Go plugin leaves the table and its base chain on the host',
    rows: ({ row, ours, reference }) => added(ours) && added(reference) && confOf(row).macspoofchk === true,
    shows: [
      { path: /^nft table bridge nat {2}0$/, ours: /^comment "/, reference: null },
      { part: 'DEL', path: /^nft table bridge nat( chain PREROUTING( 0)?)?$/, ours: null },
    ],
  },
  {
    what: "a DEL ends the masquerading when the container's namespace or link is gone already",
    why: 'the Go plugin learns the addresses from the link, and leaves their rules behind',
    rows: ({ row, ours }) =>
      added(ours) &&
      confOf(row).ipMasq === true &&
      row.gone !== undefined &&
      /netns del|link del eth0/.test(row.gone),
    shows: [{ part: 'DEL', path: /^masquerade /, ours: null }],
  },
];
