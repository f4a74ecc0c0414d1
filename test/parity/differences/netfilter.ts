import type { Difference } from '../difference.ts';
import { added, has, isLayer3 } from '../observed.ts';
import { confOf } from '../row.ts';

/** Differences in masquerading and macspoofchk. */
export const netfilter: readonly Difference[] = [
  {
    what: 'each network has its own table for masquerading, which its last DEL deletes',
    why: 'one lookup however many containers there are; what is masqueraded is compared, and is the same',
    rows: ({ row, ours }) =>
      added(ours) && confOf(row).ipMasq === true && confOf(row).ipMasqBackend !== 'iptables' && isLayer3(row),
    shows: [
      { path: /^nft table inet cni-bridge-/, ours: 'there', reference: null },
      { path: /^nft table inet cni_plugins_masquerade$/, ours: null, reference: 'there' },
    ],
  },
  {
    what: 'ipMasqFamilies leaves a family alone',
    why: 'the Go plugin does not have it',
    rows: ({ row, ours }) => added(ours) && confOf(row).ipMasqFamilies !== undefined,
    shows: [{ path: /^masquerade fd00/, ours: null }],
  },
  {
    what: 'outboundAddresses is what masqueraded traffic gets',
    why: 'the Go plugin does not have it',
    rows: ({ row, ours }) => added(ours) && confOf(row).outboundAddresses !== undefined,
    shows: [{ path: /^masquerade /, ours: / as 192\.0\.2\.10$/, reference: /^[^a]*$/ }],
  },
  {
    what: 'noMasquerade spares destinations',
    why: 'the Go plugin does not have it',
    rows: ({ row, ours }) => added(ours) && confOf(row).noMasquerade !== undefined,
    shows: [{ path: /^masquerade /, ours: /192\.168\.0\.0\/16/, reference: /^but to/ }],
  },
  {
    what: 'ipspoofchk checks the source addresses of a port',
    why: 'the Go plugin does not have it',
    rows: ({ row, ours }) => added(ours) && confOf(row).ipspoofchk === true,
    shows: [{ part: 'kernel', path: /^nft table bridge nat/, reference: null }],
  },
  {
    what: "the rules of a container's iptables chain say whose they are",
    why: 'so that `cni-bridge doctor` tells them from the Go plugin’s; its DEL and ours look at the jumps',
    rows: ({ row, ours, reference }) =>
      added(ours) &&
      added(reference) &&
      confOf(row).ipMasq === true &&
      confOf(row).ipMasqBackend === 'iptables' &&
      isLayer3(row),
    shows: [
      {
        path: /^ip6?tables(-\w+)? nat CNI-\S+ \d$/,
        ours: /--comment "cni net /,
        reference: /--comment "name: /,
      },
    ],
  },
  {
    what: "macspoofchk's table says who made it, and is deleted with the last container's DEL",
    why: 'the Go plugin leaves the table and its base chain on the host',
    rows: ({ row, ours, reference }) => added(ours) && added(reference) && confOf(row).macspoofchk === true,
    shows: [
      { path: /^nft table bridge nat {2}0$/, ours: /^comment "/, reference: null },
      { part: 'DEL', path: /^nft table bridge nat( chain PREROUTING( 0)?)?$/, ours: null },
    ],
  },
  {
    what: 'forward accepts what a firewall drops',
    why: 'the Go plugin does not have it',
    rows: ({ row, ours }) => added(ours) && confOf(row).forward === true && row.before !== undefined,
    shows: [
      {
        path: /^iptables-nft filter DOCKER-USER \d$/,
        ours: /"cni-bridge forward net( ports)?"/,
        reference: null,
      },
    ],
  },
  {
    what: 'isolate keeps networks apart',
    why: 'the Go plugin does not have it',
    rows: ({ ours }) => added(ours) && has(ours.facts.kernel, /^nft table inet cni-isolate/),
    shows: [{ path: /^nft table inet cni-isolate/, reference: null }],
  },
  {
    what: "a DEL removes the masquerading when the container's namespace or link is gone already",
    why: 'the Go plugin learns the addresses from the link, and leaves their rules behind',
    rows: ({ row, ours }) =>
      added(ours) &&
      confOf(row).ipMasq === true &&
      row.gone !== undefined &&
      /netns del|link del eth0/.test(row.gone),
    shows: [{ part: 'DEL', path: /^masquerade /, ours: null }],
  },
];
