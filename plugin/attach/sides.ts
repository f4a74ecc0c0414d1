import { closeSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { type Connection, openRoute } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import {
  type Namespace,
  openNamespace,
  openOwnNamespace,
  sameNamespace,
  within,
} from '../../netlink/namespace.ts';

/** The two sides of an attachment: the namespaces, and a connection to rtnetlink in each. */
export interface Sides {
  readonly host: Connection;
  readonly container: Connection;
  readonly containerNamespace: Namespace;
  /** Runs synchronous work with the thread in the container's namespace. */
  inContainer<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens the container's namespace and a connection on each side.
 * @throws CniError code 8 where the path leads to no network namespace, or to the plugin's own
 */
export function openSides(netns: string, allowOwnNamespace: boolean): Sides {
  const own = openOwnNamespace();
  let containerNamespace: Namespace;
  try {
    containerNamespace = openNamespace(netns);
  } catch (error) {
    closeSync(own.fd);
    const reason = error instanceof Error ? error.message : String(error);
    throw new CniError(errorCode.invalidNetns, `CNI_NETNS "${netns}" is no network namespace`, reason);
  }
  if (!allowOwnNamespace && sameNamespace(own, containerNamespace)) {
    closeSync(own.fd);
    closeSync(containerNamespace.fd);
    throw new CniError(errorCode.invalidNetns, `CNI_NETNS "${netns}" is the plugin's own network namespace`);
  }
  const inContainer = <T>(work: () => T): T => within(containerNamespace, own, work);
  const host = openRoute();
  const container = openInside(netns, inContainer);
  return {
    host,
    container,
    containerNamespace,
    inContainer,
    close() {
      host.close();
      container.close();
      closeSync(own.fd);
      closeSync(containerNamespace.fd);
    },
  };
}

/**
 * A connection to rtnetlink in the container's namespace.
 * @throws CniError code 8 where the path leads to a namespace of another kind, which only entering it shows
 */
export function openInside(netns: string, inContainer: <T>(work: () => T) => T): Connection {
  try {
    return inContainer(openRoute);
  } catch (error) {
    if (!isErrno(error, 'EINVAL')) throw error;
    throw new CniError(errorCode.invalidNetns, `CNI_NETNS "${netns}" is no network namespace`, error.message);
  }
}
