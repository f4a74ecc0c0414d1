import { closeSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import { type Connection, openRoute } from '../../netlink/connection.ts';
import { fileErrorCode, isErrno, messageOf } from '../../netlink/error.ts';
import {
  type Namespace,
  openNamespace,
  openOwnNamespace,
  sameNamespace,
  within,
} from '../../netlink/namespace.ts';
import type { Request } from '../config/request.ts';

/** The container's side of an attachment: its network namespace, with an rtnetlink connection inside it. */
export interface ContainerSide {
  readonly container: Connection;
  readonly containerNamespace: Namespace;
  /** Runs synchronous work in the container's namespace. */
  inContainer<T>(work: () => T): T;
  close(): void;
}

/** Both sides of an attachment. */
export interface Sides extends ContainerSide {
  readonly host: Connection;
}

/** How a request names the container's namespace. */
type Where = Pick<Request, 'netns' | 'allowOwnNamespace'>;

/**
 * Opens the container's namespace and a connection on each side.
 * @throws CniError code 8 if the path does not lead to a network namespace, or leads to the plugin's own
 */
export function openSides(where: Where): Sides {
  const side = openContainer(where);
  try {
    const host = openRoute();
    const close = (): void => {
      host.close();
      side.close();
    };
    return { ...side, host, close };
  } catch (error) {
    side.close();
    throw error;
  }
}

/**
 * Opens the container's side.
 * @throws CniError code 8 if the path does not lead to a network namespace, or leads to the plugin's own
 */
export function openContainer(where: Where): ContainerSide {
  return open(where, (error) => {
    throw notNamespace(where, error);
  });
}

/**
 * Opens the container's side; undefined if its namespace is gone: no file at the path, or a file that no longer has a
 * namespace mounted on it.
 * @throws CniError code 8 if the path can't be opened, or leads to a namespace of another kind or to the plugin's own
 */
export function openContainerIfThere(where: Where): ContainerSide | undefined {
  if (where.netns === '') return undefined;
  return open(where, (error) => {
    if (!isGone(error)) throw notNamespace(where, error);
    return undefined;
  });
}

function isGone(error: unknown): boolean {
  return (
    ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(fileErrorCode(error) ?? '') || isErrno(error, 'EINVAL')
  );
}

/** @param onUnopened handles an error from opening the path */
function open<T>(where: Where, onUnopened: (error: unknown) => T): ContainerSide | T {
  const own = openOwnNamespace();
  let containerNamespace: Namespace | undefined;
  let container: Connection | undefined;
  const close = (): void => {
    container?.close();
    if (containerNamespace !== undefined) closeSync(containerNamespace.fd);
    closeSync(own.fd);
  };
  try {
    const namespace = openNamespace(where.netns, own);
    containerNamespace = namespace;
    if (!where.allowOwnNamespace && sameNamespace(own, namespace)) throw ownNamespace(where);
    const inContainer = <R>(work: () => R): R => within(namespace, own, work);
    container = openInside(where, inContainer);
    return { container, containerNamespace, inContainer, close };
  } catch (error) {
    close();
    if (containerNamespace !== undefined) throw error;
    return onUnopened(error);
  }
}

/** Only entering the path's namespace shows that it is of another kind. */
function openInside(where: Where, inContainer: ContainerSide['inContainer']): Connection {
  try {
    return inContainer(openRoute);
  } catch (error) {
    throw isErrno(error, 'EINVAL') ? notNamespace(where, error) : error;
  }
}

function notNamespace({ netns }: Where, error: unknown): CniError {
  const reason = messageOf(error);
  return new CniError(errorCode.invalidNetns, `failed to open netns "${netns}"`, `CNI_NETNS: ${reason}`);
}

function ownNamespace({ netns }: Where): CniError {
  return new CniError(errorCode.invalidNetns, `CNI_NETNS "${netns}" is the plugin's own network namespace`);
}

/** Runs `work` with an rtnetlink connection on the host, and closes it. */
export function withHost<T>(work: (host: Connection) => T): T {
  const host = openRoute();
  try {
    return work(host);
  } finally {
    host.close();
  }
}

/**
 * Enters the plugin's own namespace, which takes the same permission as entering any other.
 * @throws SystemError
 */
export function enterOwnNamespace(): void {
  const own = openOwnNamespace();
  try {
    within(own, own, () => undefined);
  } finally {
    closeSync(own.fd);
  }
}
