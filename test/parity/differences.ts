import type { Difference } from './difference.ts';
import { checks } from './differences/checks.ts';
import { failures } from './differences/failures.ts';
import { leases } from './differences/leases.ts';
import { links } from './differences/links.ts';
import { netfilter } from './differences/netfilter.ts';
import { ownOptions } from './differences/own-options.ts';
import { portOptions } from './differences/port-options.ts';
import { refusals } from './differences/refusals.ts';
import { results } from './differences/results.ts';
import { routes } from './differences/routes.ts';

/** The deliberate differences. The first that matches a deviation explains it. */
export const differences: readonly Difference[] = [
  ...links,
  ...leases,
  ...netfilter,
  ...results,
  ...failures,
  ...routes,
  ...checks,
  ...refusals,
  ...portOptions,
  ...ownOptions,
];
