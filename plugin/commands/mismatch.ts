import { CniError, errorCode } from '../../cni/error.ts';
import type { Result } from '../../cni/result.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { Sides } from '../attach/sides.ts';
import type { Operation } from './operation.ts';

/** A CHECK in progress: the ADD's result, and where to look. */
export interface Comparison extends Pick<Operation, 'request' | 'attachment' | 'config'> {
  readonly previous: Result;
  readonly sides: Sides;
}

/** A CHECK's error for the first difference, with both sides. */
export function mismatch(object: string, expected: string, found: string): CniError {
  return new CniError(
    errorCode.internal,
    `not as it was set up: ${object}`,
    `expected ${expected}, found ${found}`,
  );
}

/** @throws CniError code 999 if the link's MAC address is not the expected one, if one is expected */
export function checkMac(link: Link, expected: string | undefined): void {
  if (expected !== undefined && expected.toLowerCase() !== link.mac) {
    throw mismatch(`MAC address of ${link.name}`, expected, link.mac);
  }
}
