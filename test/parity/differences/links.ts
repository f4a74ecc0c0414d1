import type { Difference } from '../difference.ts';
import { added, has, hasGateway, hasIPv6, isLayer3 } from '../observed.ts';
import { atLeast } from '../reference.ts';
import { confOf } from '../row.ts';

/** Differences in links, their addresses and their VLANs. */
export const links: readonly Difference[] = [
  {
    what: "the host veth's alias says who owns it",
    why: 'for a person and for GC, which the Go plugin lacks',
    rows: ({ ours }) => added(ours),
    shows: [{ path: /^host link \S+ .* ifalias$/, ours: /^cni /, reference: null }],
  },
  {
    what: "a veth's queue has the kernel's own length",
    why: 'the Go plugin asks for none, and a qdisc put on it later would hold one packet',
    rows: ({ ours, reference }) => added(ours) && added(reference),
    shows: [{ path: /^(host link (<veth .*|br0\.\d+)|c\d link \S+) txqlen$/, ours: '1000', reference: null }],
  },
  {
    what: 'a bridge without an IP address has a MAC address of its own',
    why: 'given when it is created, it stays while ports come and go; the kernel would lend it the lowest of its ports',
    rows: ({ row, ours, reference }) => added(ours) && added(reference) && !hasGateway(row),
    shows: [
      { part: 'result', path: /interfaces 0 mac$/, ours: /^<MAC of \w+>$/, reference: /^<MAC of <veth/ },
      {
        path: /^host link (br0|cni0) address$/,
        ours: /^<MAC of \w+>$/,
        reference: /^(<MAC of <veth.*|00:00:00:00:00:00)$/,
      },
      { path: /^host fdb <MAC of (br0|cni0)> (br0|cni0)( \d+)?$/, ours: /^permanent/, reference: null },
      // A lent address is in the bridge's own VLAN as the bridge's, not as the port's.
      { path: /^host fdb <MAC of <veth .*>> br0 1$/, ours: null, reference: /^permanent/ },
      { path: /^host fdb <MAC of (<veth .*>)> \1 1$/, ours: /^permanent/, reference: null },
    ],
  },
  {
    what: "the bridge's IPv6 address is usable when ADD returns",
    why: 'given without duplicate address detection, where the Go plugin lets it run on after its result',
    rows: ({ ours, reference }) =>
      added(reference) && has(ours.facts.kernel, /^host address \S+ on \S+ nodad$/),
    shows: [
      { path: /^host address \S+ on \S+ nodad$/, ours: 'true', reference: null },
      { part: 'kernel', path: /^host tentative when ADD returns/, ours: null, reference: 'yes' },
    ],
  },
  {
    what: "a container's IPv6 address is given without duplicate address detection",
    why: 'the Go plugin turns it off by accept_dad alone; the address is usable as early',
    rows: ({ row, ours, reference }) =>
      added(reference) &&
      confOf(row).enabledad !== true &&
      has(ours.facts.kernel, /^c\d address \S+ on \S+ nodad$/),
    shows: [{ part: 'kernel', path: /^c\d address \S+ on \S+ nodad$/, ours: 'true', reference: null }],
  },
  {
    what: 'IPv6 addresses stay when the link goes down',
    why: 'as they do with newer versions of the Go plugin',
    rows: ({ version, ours, reference }) =>
      !atLeast(version, '1.2.0') &&
      added(ours) &&
      added(reference) &&
      has(ours.facts.kernel, /^c\d address fd00::\d\/64 /),
    shows: [
      { part: 'kernel', path: /^c\d sysctl ipv6\/conf\/\S+\/keep_addr_on_down$/, ours: '1', reference: '0' },
    ],
  },
  {
    what: 'an access port is in its own VLAN alone',
    why: 'as it is with newer versions of the Go plugin, which left it in the default VLAN',
    rows: ({ row, version, ours, reference }) =>
      !atLeast(version, '1.3.0') && added(ours) && added(reference) && Number(confOf(row).vlan ?? 0) > 0,
    shows: [
      { path: /^host vlan of <veth .*> 1-1$/, ours: null, reference: 'Egress Untagged' },
      { path: /^host fdb <MAC of (<veth .*>)> \1 1$/, ours: null, reference: /^permanent/ },
    ],
  },
  {
    what: "router advertisements change nothing on a VLAN's gateway",
    why: "its routes are the plugin's to add, as on the bridge itself, where the Go plugin does the same",
    rows: ({ ours, reference }) =>
      added(ours) && added(reference) && has(ours.facts.kernel, /^host link br0\.\d+ mtu$/),
    shows: [{ path: /^host sysctl ipv6\/conf\/br0\.\d+\/accept_ra$/, ours: '0', reference: '1' }],
  },
  {
    what: 'router advertisements give a container with an address nothing',
    why: 'a neighbour could make itself its router (CVE-2020-10749), which the Go plugin leaves open',
    rows: ({ row, ours, reference }) => added(ours) && added(reference) && isLayer3(row),
    shows: [{ path: /^c\d sysctl ipv6\/conf\/\w+\/accept_ra$/, ours: '0', reference: '1' }],
  },
  {
    what: 'the host and its neighbours hear of a container that gets an IPv6 address',
    why: 'one that has just had another container under it knows a MAC address that is gone',
    rows: ({ ours, reference }) => added(reference) && hasIPv6(ours),
    shows: [{ path: /^c\d sysctl ipv6\/conf\/\w+\/ndisc_notify$/, ours: '1', reference: '0' }],
  },
  {
    what: "another program's bridge keeps the MAC address that it has with its first port",
    why: 'the kernel has already given it that; ADDs at once agree on it',
    rows: ({ row, ours, reference }) =>
      added(ours) && added(reference) && row.before === 'ip link add br0 type bridge',
    shows: [
      { path: /interfaces 0 mac$/, ours: /^<MAC of <veth/, reference: '<MAC of br0>' },
      { path: /^host link br0 address$/, ours: /^<MAC of <veth/, reference: '<MAC of br0>' },
      { path: /^host fdb <MAC of br0> br0$/, ours: null, reference: /^permanent/ },
      { path: /^host fdb <MAC of <veth .*>> br0$/, ours: /^permanent/, reference: null },
    ],
  },
  {
    what: "a VLAN's gateway says that an ADD made it, and is deleted with the last port in the VLAN",
    why: 'the Go plugin leaves it behind',
    rows: ({ ours, reference }) =>
      added(ours) && added(reference) && has(ours.facts.kernel, /^host link br0\.\d+ mtu$/),
    shows: [
      { part: 'kernel', path: /^host link br0\.\d+ ifalias$/, ours: /^cni-bridge: /, reference: null },
      { part: 'DEL', path: /\bbr0\.\d+/, ours: null },
      // A bridge without a port has the kernel's MTU again.
      { part: 'DEL', path: /^host (link br0 mtu|sysctl ipv6\/conf\/br0\/mtu)$/, ours: '1500' },
    ],
  },
];
