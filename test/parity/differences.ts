import type { Facts } from './facts.ts';
import type { Observation, Part } from './observe.ts';
import { atLeast } from './reference.ts';
import { confOf, type Row } from './rows.ts';

/** A row that was carried out with both plugins. */
export interface Context {
  readonly row: Row;
  /** The version of the reference plugins. */
  readonly version: string;
  readonly ours: Observation;
  readonly reference: Observation;
}

/** What a difference looks like. A value that is left out may be anything, null means that the fact is missing. */
interface Shape {
  readonly part?: Part;
  readonly path: RegExp;
  readonly ours?: string | RegExp | null;
  readonly reference?: string | RegExp | null;
}

/** A difference from the reference that is meant. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  /** The rows that show it: one of them that doesn't is a failure, and so is any other row that does. */
  readonly rows: (context: Context) => boolean;
  readonly shows: readonly Shape[];
}

const leaseMode = /^leases .*\/(\d[^/ ]*|fd[^/ ]*|last_reserved_ip\.\d) mode$/;
const lock = /^leases .*\/lock mode$/;

/** The versions whose results have one address of a family and no interfaces. */
const oldest = ['0.1.0', '0.2.0'];

const refusedRoutes = ['route with host bits', 'route with scope', 'default route of IPAM, isDefaultGateway'];

const routesWithoutGateway = ['route without gw', 'route without gw, no gateway', 'routes of both families'];

/** Versions of the reference are named where its behaviour changed. */
export const differences: readonly Difference[] = [
  {
    what: 'an empty "dns" is printed in 1.0.0 and 1.1.0',
    why: 'libcni up to 1.2 always did, and every libcni reads it the same',
    rows: ({ row, version, ours, reference }) =>
      atLeast(version, '1.7.0') &&
      atLeast(cniVersionOf(row), '1.0.0') &&
      added(reference) &&
      added(ours) &&
      !has(reference.facts.result, /result dns /),
    shows: [{ part: 'result', path: /result dns$/, ours: '{}', reference: null }],
  },
  {
    what: "the host veth's alias says whose it is",
    why: 'for a person and for GC, which the reference has not',
    rows: ({ ours }) => added(ours),
    shows: [{ path: /^host link \S+ .* ifalias$/, ours: /^cni /, reference: null }],
  },
  {
    what: "a veth's queue has the kernel's own length",
    why: 'the reference asks for none, and a qdisc put on it later would hold one packet',
    rows: ({ ours, reference }) => added(ours) && added(reference),
    shows: [{ path: /^(host link (<veth .*|br0\.\d+)|c\d link \S+) txqlen$/, ours: '1000', reference: null }],
  },
  {
    what: 'leases have an index by container',
    why: 'a DEL need not read them all; hard links, which the reference deletes with the lease',
    rows: ({ ours }) => has(ours.facts.kernel, /^leases .*\/\.attachments\//),
    shows: [{ path: /^leases .*\/\.attachments\//, reference: null }],
  },
  {
    what: 'the lock of a lease folder is no executable file',
    why: 'flock(2) takes it in any mode',
    rows: ({ ours, reference }) => has(ours.facts.kernel, lock) && has(reference.facts.kernel, lock),
    shows: [{ path: lock, ours: '-rw-------', reference: '-rwxr-x---' }],
  },
  {
    what: 'leases are for root alone to read',
    why: 'as they are with newer versions of the reference',
    rows: ({ version, ours, reference }) =>
      !atLeast(version, '1.2.0') &&
      has(ours.facts.kernel, leaseMode) &&
      has(reference.facts.kernel, leaseMode),
    shows: [{ path: leaseMode, ours: '-rw-------', reference: '-rw-r--r--' }],
  },
  {
    what: 'IPv6 addresses stay when the link goes down',
    why: 'as they do with newer versions of the reference',
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
    what: 'a bridge without an IP address has a MAC address of its own',
    why: 'given at birth, it stays while ports come and go; the kernel lends it the lowest of the ports',
    rows: ({ row, ours, reference }) => added(ours) && added(reference) && !hasGateway(row),
    shows: [
      { part: 'result', path: /interfaces 0 mac$/, ours: /^<MAC of \w+>$/, reference: /^<MAC of <veth/ },
      {
        path: /^host link (br0|cni0) address$/,
        ours: /^<MAC of \w+>$/,
        reference: /^(<MAC of <veth.*|00:00:00:00:00:00)$/,
      },
      { path: /^host fdb <MAC of (br0|cni0)> (br0|cni0)( \d+)?$/, ours: /^permanent/, reference: null },
      // An address that is lent stands in the bridge's own VLAN as the bridge's, not as the port's.
      { path: /^host fdb <MAC of <veth .*>> br0 1$/, ours: null, reference: /^permanent/ },
      { path: /^host fdb <MAC of (<veth .*>)> \1 1$/, ours: /^permanent/, reference: null },
    ],
  },
  {
    what: "the bridge's IPv6 address can be used when ADD returns",
    why: 'given without duplicate address detection, where the reference lets it run on after its result',
    rows: ({ ours, reference }) =>
      added(reference) && has(ours.facts.kernel, /^host address \S+ on \S+ nodad$/),
    shows: [
      { path: /^host address \S+ on \S+ nodad$/, ours: 'true', reference: null },
      { part: 'kernel', path: /^host tentative when ADD returns/, ours: null, reference: 'yes' },
    ],
  },
  {
    what: "a container's IPv6 address is given without duplicate address detection",
    why: 'the reference turns it off by accept_dad alone; the address is usable as early',
    rows: ({ row, ours, reference }) =>
      added(reference) &&
      confOf(row).enabledad !== true &&
      has(ours.facts.kernel, /^c\d address \S+ on \S+ nodad$/),
    shows: [{ part: 'kernel', path: /^c\d address \S+ on \S+ nodad$/, ours: 'true', reference: null }],
  },
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
    why: 'the reference leaves the table and its base chain on the host',
    rows: ({ row, ours, reference }) => added(ours) && added(reference) && confOf(row).macspoofchk === true,
    shows: [
      { path: /^nft table bridge nat {2}0$/, ours: /^comment "/, reference: null },
      { part: 'DEL', path: /^nft table bridge nat( chain PREROUTING( 0)?)?$/, ours: null },
    ],
  },
  {
    what: 'a DEL that finds no lease folder makes none',
    why: 'there is nothing to release',
    rows: ({ ours, reference }) => !has(ours.facts.DEL, lock) && has(reference.facts.DEL, lock),
    shows: [{ part: 'DEL', path: lock, ours: null, reference: '-rwxr-x---' }],
  },
  {
    what: "a DEL ends the masquerading when the container's namespace or link is gone already",
    why: 'the reference learns the addresses from the link, and leaves their rules behind',
    rows: ({ row, ours }) =>
      added(ours) &&
      confOf(row).ipMasq === true &&
      row.gone !== undefined &&
      /netns del|link del eth0/.test(row.gone),
    shows: [{ part: 'DEL', path: /^masquerade /, ours: null }],
  },
  {
    what: 'an ADD that fails takes back all that it did, the bridge included',
    why: 'the reference leaves what it had set up on both sides, and moves on in the lease folder',
    rows: ({ ours, reference }) => failed(ours) && failed(reference) && leavesMore(reference, ours),
    shows: [
      { part: 'kernel', path: /^(host|c\d) (link|address|IPv\d|sysctl|fdb|tentative) / },
      { part: 'DEL', path: /^host (link|address|IPv\d|sysctl|fdb) / },
      { path: /^leases /, ours: null },
    ],
  },
  {
    what: 'an error has the code that SPEC.md has for it',
    why: 'the reference says 999 of whatever went wrong; the code is in the row',
    rows: ({ row, ours }) =>
      row.code !== undefined && [...codesOf(ours), checkCode(ours)].includes(String(row.code)),
    shows: [
      { path: /^c\d (first |repeated |CHECK after a change )?code$/, ours: /^\d+$/, reference: /^(999|0)$/ },
    ],
  },
  {
    what: 'a DEL with a configuration that an ADD refuses succeeds, and cleans up',
    why: 'SPEC.md asks for it; a runtime that cannot delete keeps the container for ever',
    rows: ({ row, ours, reference }) =>
      row.name.startsWith('error: ') &&
      reference.facts.DEL['c1 first exit'] === '1' &&
      ours.facts.DEL['c1 first exit'] === '0',
    shows: [
      { part: 'DEL', path: /^c1 (first|repeated) exit$/, ours: '0', reference: '1' },
      { part: 'DEL', path: /^c1 (first|repeated) code$/, ours: null, reference: '999' },
      { part: 'DEL', path: /^leases \S+\/lock /, reference: null },
    ],
  },
  {
    what: 'CHECK goes on to succeed when another container comes to a bridge without an IP address',
    why: "the bridge's MAC address stays what it was",
    rows: ({ row, ours, reference }) =>
      row.second === true &&
      isLayer3(row) &&
      added(ours) &&
      !hasGateway(row) &&
      has(reference.facts.CHECK, /^c1 CHECK code$/),
    shows: [
      { part: 'CHECK', path: /^c\d CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /^c\d CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: "the IPAM plugin's DNS settings are kept where the configuration has none",
    why: 'as they are with newer versions of the reference',
    rows: ({ row, version }) => !atLeast(version, '1.2.0') && row.name === 'resolvConf',
    shows: [{ part: 'result', path: /^c1 result dns/ }],
  },
  {
    what: 'CHECK takes the gateway for granted where the route names none',
    why: 'as newer versions of the reference do',
    rows: ({ row, version }) => !atLeast(version, '1.2.0') && routesWithoutGateway.includes(row.name),
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: 'CNI_ARGS may have MAC without IgnoreUnknown',
    why: "the reference's host-local knows no MAC, nor its bridge an IP; ours know both",
    rows: ({ row }) => row.args !== undefined && /^MAC=[^;]*$/.test(row.args),
    shows: [{ path: /./ }],
  },
  {
    what: 'an access port is in its own VLAN alone',
    why: 'as it is with newer versions of the reference, which left it in the default VLAN',
    rows: ({ row, version, ours, reference }) =>
      !atLeast(version, '1.3.0') && added(ours) && added(reference) && Number(confOf(row).vlan ?? 0) > 0,
    shows: [
      { path: /^host vlan of <veth .*> 1-1$/, ours: null, reference: 'Egress Untagged' },
      { path: /^host fdb <MAC of (<veth .*>)> \1 1$/, ours: null, reference: /^permanent/ },
    ],
  },
  {
    what: "router advertisements change nothing on a VLAN's gateway",
    why: 'its routes are ours to make, as on the bridge itself, where the reference sees to it',
    rows: ({ ours, reference }) =>
      added(ours) && added(reference) && has(ours.facts.kernel, /^host link br0\.\d+ mtu$/),
    shows: [{ path: /^host sysctl ipv6\/conf\/br0\.\d+\/accept_ra$/, ours: '0', reference: '1' }],
  },
  {
    what: 'CHECK works for layer 2 only',
    why: 'the reference asks for an IPAM plugin without a name',
    rows: ({ row, reference }) =>
      has(reference.facts.CHECK, /CHECK exit/) && !isLayer3(row) && atLeast(cniVersionOf(row), '0.4.0'),
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: 'layer 2 only has a result in 0.1.0 and 0.2.0',
    why: 'the reference sets everything up and then cannot print a result without an address',
    rows: ({ row }) => oldest.includes(cniVersionOf(row)) && !isLayer3(row),
    shows: [{ path: /./ }],
  },
  {
    what: 'routes that the reference refuses are made',
    why: 'host bits say the network that they are in; a scope of link needs no gateway; the default route twice is one route',
    rows: ({ row, ours, reference }) => refusedRoutes.includes(row.name) && added(ours) && failed(reference),
    shows: [{ path: /./ }],
  },
  {
    what: 'IPv4 routes that differ in the gateway alone are next hops of one route',
    why: "as the kernel makes IPv6's, and as the configuration asks; the reference keeps the first alone",
    rows: ({ row, ours }) => row.name === 'ECMP' && added(ours),
    shows: [{ path: /^c1 IPv4 route 10\.9\.0\.0\/16 dev (eth0|several)( |$)/ }],
  },
  {
    what: 'CHECK finds each next hop of an IPv6 route',
    why: 'the reference looks for routes with one',
    rows: ({ row }) => row.name === 'ECMP, IPv6',
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: "a route's mtu and advmss are set",
    why: 'the reference prints them and leaves them out of the route',
    rows: ({ row, ours }) => added(ours) && /"(mtu|advmss)":/.test(JSON.stringify(confOf(row).ipam)),
    shows: [
      { part: 'kernel', path: /^c1 IPv4 route 10\.9\.0\.0\/16 .* metrics 0 (mtu|advmss)$/, reference: null },
    ],
  },
  {
    what: 'CHECK finds a route in the table that it is in',
    why: 'the reference looks for it in the main table alone',
    rows: ({ row, ours, reference }) =>
      added(ours) &&
      has(reference.facts.CHECK, /exit/) &&
      /"table":100/.test(JSON.stringify(confOf(row).ipam)),
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
];

function has(facts: Facts, path: RegExp): boolean {
  return Object.keys(facts).some((key) => path.test(key));
}

/** The codes of the ADDs that failed. */
function codesOf({ facts }: Observation): string[] {
  return Object.keys(facts.result).flatMap((path) =>
    path.endsWith(' code') ? [facts.result[path] ?? ''] : [],
  );
}

function checkCode({ facts }: Observation): string | undefined {
  return facts.CHECK['c1 CHECK after a change code'];
}

/** Whether an ADD failed. */
function failed(observation: Observation): boolean {
  return codesOf(observation).length > 0;
}

function leavesMore(one: Observation, other: Observation): boolean {
  return Object.keys(one.facts.kernel).some((path) => other.facts.kernel[path] === undefined);
}

/** Whether the first ADD succeeded. */
function added({ facts }: Observation): boolean {
  return facts.result['c1 exit'] === '0';
}

function cniVersionOf(row: Row): string {
  return String(confOf(row).cniVersion ?? '0.1.0');
}

function isLayer3(row: Row): boolean {
  const { ipam } = confOf(row);
  return typeof ipam === 'object' && ipam !== null && 'type' in ipam;
}

/** Whether the bridge itself is given an address, by the plugin or before it. */
function hasGateway(row: Row): boolean {
  const { isGateway, isDefaultGateway, vlan } = confOf(row);
  const given = row.before?.includes('dev br0') === true;
  return given || (isLayer3(row) && (isGateway === true || isDefaultGateway === true) && !vlan);
}
