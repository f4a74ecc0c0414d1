import type { Difference } from '../difference.ts';
import { added, cniVersionOf, has, hasGateway, isLayer3 } from '../observed.ts';
import { atLeast } from '../reference.ts';
import { confOf } from '../row.ts';

const routesWithoutGateway = ['route without gw', 'route without gw, no gateway', 'routes of both families'];

/** Differences in CHECK. */
export const checks: readonly Difference[] = [
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
    what: 'CHECK takes the gateway for granted where the route names none',
    why: 'as newer versions of the Go plugin do',
    rows: ({ row, version }) => !atLeast(version, '1.2.0') && routesWithoutGateway.includes(row.name),
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: 'CHECK works for layer 2 only',
    why: 'the Go plugin asks for an IPAM plugin without a name',
    rows: ({ row, reference }) =>
      has(reference.facts.CHECK, /CHECK exit/) && !isLayer3(row) && atLeast(cniVersionOf(row), '0.4.0'),
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: 'CHECK finds each next hop of an IPv6 route',
    why: 'the Go plugin looks for routes with one',
    rows: ({ row }) => row.name === 'ECMP, IPv6',
    shows: [
      { part: 'CHECK', path: /CHECK exit$/, ours: '0', reference: '1' },
      { part: 'CHECK', path: /CHECK code$/, ours: null, reference: '999' },
    ],
  },
  {
    what: 'CHECK finds a route in the table that it is in',
    why: 'the Go plugin looks for it in the main table alone',
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
