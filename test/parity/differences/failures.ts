import type { Difference } from '../difference.ts';
import { checkCode, codesOf, failed, leavesMore } from '../observed.ts';

/** Differences in what a failure answers and leaves. */
export const failures: readonly Difference[] = [
  {
    what: 'an ADD that fails undoes everything it did, the bridge included',
    why: 'the Go plugin leaves what it had set up on both sides, and moves on in the lease directory',
    rows: ({ ours, reference }) => failed(ours) && failed(reference) && leavesMore(reference, ours),
    shows: [
      { part: 'kernel', path: /^(host|c\d) (link|address|IPv\d|sysctl|fdb|tentative) / },
      { part: 'DEL', path: /^host (link|address|IPv\d|sysctl|fdb) / },
      { path: /^leases /, ours: null },
    ],
  },
  {
    what: 'an error has the code that SPEC.md has for it',
    why: 'the Go plugin says 999 whatever went wrong; the code is in the row',
    rows: ({ row, ours }) =>
      row.code !== undefined && [...codesOf(ours), checkCode(ours)].includes(String(row.code)),
    shows: [
      { path: /^c\d (first |repeated |CHECK after a change )?code$/, ours: /^\d+$/, reference: /^(999|0)$/ },
    ],
  },
  {
    what: 'a cniVersion that is not a version cannot be decoded, code 6',
    why: 'SPEC.md has it so; the Go plugin says 1, incompatible, to an ADD and a DEL, and 6 to the rest',
    rows: ({ row }) => row.name === 'error: not a version',
    shows: [{ path: /^c1 (first |repeated )?code$/, ours: '6', reference: '1' }],
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
];
