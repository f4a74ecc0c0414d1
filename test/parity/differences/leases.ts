import type { Difference } from '../difference.ts';
import { has } from '../observed.ts';
import { atLeast } from '../reference.ts';

const leaseMode = /^leases .*\/(\d[^/ ]*|fd[^/ ]*|last_reserved_ip\.\d) mode$/;

const lock = /^leases .*\/lock mode$/;

/** Differences in the lease directory. */
export const leases: readonly Difference[] = [
  {
    what: 'leases have an index by container',
    why: 'a DEL need not read them all; hard links, which the Go plugin deletes with the lease',
    rows: ({ ours }) => has(ours.facts.kernel, /^leases .*\/\.attachments\//),
    shows: [{ path: /^leases .*\/\.attachments\//, reference: null }],
  },
  {
    what: 'the lock of a lease directory is not an executable file',
    why: 'flock(2) takes it in any mode',
    rows: ({ ours, reference }) => has(ours.facts.kernel, lock) && has(reference.facts.kernel, lock),
    shows: [{ path: lock, ours: '-rw-------', reference: '-rwxr-x---' }],
  },
  {
    what: 'only root may read leases',
    why: 'as they are with newer versions of the Go plugin',
    rows: ({ version, ours, reference }) =>
      !atLeast(version, '1.2.0') &&
      Object.keys(ours.facts.kernel).some((path) => leaseMode.test(path) && path in reference.facts.kernel),
    shows: [{ path: leaseMode, ours: '-rw-------', reference: '-rw-r--r--' }],
  },
  {
    what: 'a DEL that finds no lease directory makes none',
    why: 'there is nothing to release',
    rows: ({ ours, reference }) => !has(ours.facts.DEL, lock) && has(reference.facts.DEL, lock),
    shows: [{ part: 'DEL', path: lock, ours: null, reference: '-rwxr-x---' }],
  },
];
