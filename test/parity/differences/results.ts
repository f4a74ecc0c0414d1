import type { Difference } from '../difference.ts';
import { added, cniVersionOf, has } from '../observed.ts';
import { atLeast } from '../reference.ts';

/** Differences in results. */
export const results: readonly Difference[] = [
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
    what: "the IPAM plugin's DNS settings are kept where the configuration has none",
    why: 'as they are with newer versions of the Go plugin',
    rows: ({ row, version }) => !atLeast(version, '1.2.0') && row.name === 'resolvConf',
    shows: [{ part: 'result', path: /^c1 result dns/ }],
  },
];
