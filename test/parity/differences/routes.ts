import type { Difference } from '../difference.ts';
import { added } from '../observed.ts';
import { confOf } from '../row.ts';

/** Differences in the container's routes. */
export const routes: readonly Difference[] = [
  {
    what: 'IPv4 routes that differ in the gateway alone are next hops of one route',
    why: "as the kernel makes IPv6's, and as the configuration asks; the Go plugin keeps the first alone",
    rows: ({ row, ours }) => row.name === 'ECMP' && added(ours),
    shows: [{ path: /^c1 IPv4 route 10\.9\.0\.0\/16 dev (eth0|several)( |$)/ }],
  },
  {
    what: 'metric is an option of the default routes',
    why: 'a container may be in several networks; the Go plugin does not have it',
    rows: ({ row, ours }) => added(ours) && confOf(row).metric !== undefined,
    shows: [
      { path: /^c1 IPv[46] route default / },
      { part: 'result', path: /^c1 result routes \d priority$/, ours: '200', reference: null },
    ],
  },
  {
    what: "a route's mtu and advmss are set",
    why: 'the Go plugin prints them and leaves them out of the route',
    rows: ({ row, ours }) => added(ours) && /"(mtu|advmss)":/.test(JSON.stringify(confOf(row).ipam)),
    shows: [
      { part: 'kernel', path: /^c1 IPv4 route 10\.9\.0\.0\/16 .* metrics 0 (mtu|advmss)$/, reference: null },
    ],
  },
];
