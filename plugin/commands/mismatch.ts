import { CniError, errorCode } from '../../cni/error.ts';
import type { Link } from '../../netlink/route/link.ts';

/** What a CHECK answers for the first thing that differs, with both sides. */
export function mismatch(object: string, expected: string, found: string): CniError {
  return new CniError(
    errorCode.internal,
    `not as it was set up: ${object}`,
    `expected ${expected}, found ${found}`,
  );
}

/** @throws CniError code 999 where the link's MAC address is another than that expected, if one is */
export function checkMac(link: Link, expected: string | undefined): void {
  if (expected !== undefined && expected.toLowerCase() !== link.mac) {
    throw mismatch(`MAC address of ${link.name}`, expected, link.mac);
  }
}
