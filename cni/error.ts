/**
 * The error codes of the CNI specification ("Error", section 5 of SPEC.md 1.1.0) that this plugin answers
 * with.
 */
export const errorCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decoding: 6,
  invalidConfig: 7,
  invalidNetns: 8,
  tryAgain: 11,
  notAvailable: 50,
  limited: 51,
  internal: 999,
} as const;

/** A CNI error: a code, what went wrong, and what the reader needs to act on it. */
export class CniError extends Error {
  override readonly name = 'CniError';

  /**
   * @param code one of {@link errorCode}, or a delegate's own
   * @param msg what went wrong, in one line
   * @param details the culprit: key and value, operation and object; empty if `msg` says it all
   */
  constructor(
    readonly code: number,
    readonly msg: string,
    readonly details = '',
  ) {
    super(details === '' ? msg : `${msg}: ${details}`);
  }
}
