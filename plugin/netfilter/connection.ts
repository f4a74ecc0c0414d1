import { CniError, errorCode } from '../../cni/error.ts';
import { type Connection, openNetfilter } from '../../netlink/connection.ts';
import { isErrno, type KernelError } from '../../netlink/error.ts';
import { getGeneration } from '../../netlink/nftables/message.ts';

/**
 * Whether a transaction was refused because the kernel lacks a family, a chain type or an expression.
 * @param selfContained whether it created everything it refers to, so that nothing in the ruleset can be missing
 */
export function isLacking(error: unknown, selfContained: boolean): error is KernelError {
  if (isErrno(error, 'EOPNOTSUPP', 'EAFNOSUPPORT', 'EPROTONOSUPPORT')) return true;
  return selfContained && isErrno(error, 'ENOENT');
}

/** The error for {@link isLacking}, with the kernel options that `what` needs. */
export function notAvailable(what: string, { message }: KernelError, options: string): CniError {
  return new CniError(
    errorCode.notAvailable,
    `${what} is not available on this kernel`,
    `${message}; it needs ${options}`,
  );
}

/**
 * Runs `work` with a connection to nfnetlink, and closes it.
 * @throws CniError code 50 if the kernel has no nfnetlink; what `work` throws
 */
export function withNetfilter<T>(work: (connection: Connection) => T): T {
  let connection: Connection;
  try {
    connection = openNetfilter();
  } catch (error) {
    throw isLacking(error, false) ? notAvailable('nftables', error, 'CONFIG_NF_TABLES') : error;
  }
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

/**
 * The same, but `work` gets undefined if the kernel has no nfnetlink, and so has nothing to remove. Closing waits until
 * the kernel has freed what was deleted.
 * @throws SystemError; what `work` throws
 */
export function withNetfilterIfThere<T>(work: (connection: Connection | undefined) => T): T {
  let connection: Connection | undefined;
  try {
    connection = openNetfilter();
  } catch (error) {
    if (!isErrno(error, 'EPROTONOSUPPORT')) throw error;
  }
  try {
    return work(connection);
  } finally {
    connection?.close();
  }
}

/**
 * Checks that the kernel has nf_tables, as far as possible without changing anything.
 * @throws CniError code 50
 */
export function checkNftables(what: string): void {
  withNetfilter((connection) => {
    const error = connection.exchange([getGeneration()])[0]?.error;
    if (error !== undefined) throw notAvailable(what, error, 'CONFIG_NF_TABLES');
  });
}
