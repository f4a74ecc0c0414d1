import type { Row } from './row.ts';
import { addresses } from './rows/addresses.ts';
import { combinations } from './rows/combinations.ts';
import { errors } from './rows/errors.ts';
import { losses } from './rows/losses.ts';
import { options } from './rows/options.ts';
import { routes } from './rows/routes.ts';
import { surroundings } from './rows/surroundings.ts';
import { versions } from './rows/versions.ts';

const rows: readonly Row[] = [
  ...versions,
  ...options,
  ...combinations,
  ...surroundings,
  ...addresses,
  ...routes,
  ...losses,
  ...errors,
];

/**
 * The rows for a kernel whose names have a text in them.
 * @param vlan those that need VLAN filtering, or those that don't
 */
export function rowsOf(vlan: boolean, text: string): Row[] {
  return rows.filter((row) => (row.vlan === true) === vlan && row.name.includes(text));
}
