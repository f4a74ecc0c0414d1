import { closeSync, statSync } from '#files';
import { type Connection, openRoute } from '../../netlink/connection.ts';
import { readValue } from '../../netlink/file.ts';
import { family, formatCIDR } from '../../netlink/ip.ts';
import { type Namespace, openNamespace, openOwnNamespace, within } from '../../netlink/namespace.ts';
import { listEveryAddress } from '../../netlink/route/address-list.ts';
import { findLinks, type Link } from '../../netlink/route/link.ts';
import { namespaceIds } from '../../netlink/route/namespace-id.ts';
import { type LiveRoute, listRoutes } from '../../netlink/route/route.ts';
import { namesIn } from './leases.ts';

/** Where runtimes keep network namespaces. */
const directories = ['/run/netns', '/run/docker/netns'];
/** How many are open at a time. */
const atOnce = 64;

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

/** The processes that there are; none where /proc isn't mounted. */
function processes(): string[] {
  return namesIn('/proc').filter((name) => /^\d+$/.test(name));
}

/** Paths of namespaces, those with names first, each namespace once. */
function* namespacePaths(): Generator<string> {
  const seen = new Set<number | undefined>([undefined, inodeOf('/proc/thread-self/ns/net')]);
  const named = directories.flatMap((directory) => namesIn(directory).map((name) => `${directory}/${name}`));
  const ofProcesses = processes().map((pid) => `/proc/${pid}/ns/net`);
  for (const path of [...named, ...ofProcesses]) {
    const inode = inodeOf(path);
    if (seen.has(inode)) continue;
    seen.add(inode);
    yield path;
  }
}

function open(path: string): Namespace | undefined {
  try {
    return openNamespace(path);
  } catch {
    // A name without a namespace, or a process that has ended.
    return undefined;
  }
}

/**
 * The path of each namespace by the id that the host's links tell of it.
 * @param host a connection in the host's namespace
 * @param wanted the ids that are looked for: once all are found no more are opened
 */
export function findNamespaces(host: Connection, wanted: ReadonlySet<number>): Map<number, string> {
  const found = new Map<number, string>();
  let batch: Namespace[] = [];
  const ask = (): void => {
    for (const [at, id] of namespaceIds(host, batch).entries()) {
      const path = batch[at]?.path;
      if (id !== undefined && path !== undefined && wanted.has(id) && !found.has(id)) found.set(id, path);
    }
    for (const { fd } of batch) closeSync(fd);
    batch = [];
  };
  for (const path of namespacePaths()) {
    const namespace = open(path);
    if (namespace !== undefined) batch.push(namespace);
    if (batch.length === atOnce) ask();
    if (found.size === wanted.size) break;
  }
  ask();
  return found;
}

/** What is in a container's namespace, as far as one interface goes. */
export interface Inside {
  /** Of the namespace. */
  readonly path: string;
  readonly link: Link;
  /** `10.15.20.2/24` */
  readonly addresses: readonly string[];
  readonly routes: readonly LiveRoute[];
}

/**
 * Looks at an interface in another namespace.
 * @param index of the interface there
 * @param depth how much is asked: no routes, or all
 * @returns undefined where the interface is gone
 * @throws SystemError EPERM without CAP_SYS_ADMIN; what `openNamespace` throws
 */
export function lookInside(
  path: string,
  index: number,
  depth: 'addresses' | 'all' = 'all',
): Inside | undefined {
  const there = openNamespace(path);
  const own = openOwnNamespace();
  try {
    const connection = within(there, own, openRoute);
    try {
      const [link] = findLinks(connection, [index]);
      if (link === undefined) return undefined;
      const addresses = listEveryAddress(connection).filter((one) => one.index === index);
      const families = depth === 'all' ? [family.ipv4, family.ipv6] : [];
      const routes = families.flatMap((of) => listRoutes(connection, of));
      return { path, link, addresses: addresses.map(({ cidr }) => formatCIDR(cidr)), routes };
    } finally {
      connection.close();
    }
  } finally {
    closeSync(own.fd);
    closeSync(there.fd);
  }
}

/** A process in a namespace. */
export interface Process {
  readonly pid: number;
  /** Its program's name, of at most 15 letters. */
  readonly name: string;
}

/** The processes in the namespace of that path, of those that we may look at. */
export function processesIn(path: string): Process[] {
  const inode = inodeOf(path);
  if (inode === undefined) return [];
  return processes().flatMap((pid) => {
    if (inodeOf(`/proc/${pid}/ns/net`) !== inode) return [];
    try {
      return [{ pid: Number(pid), name: readValue(`/proc/${pid}/comm`).trim() }];
    } catch {
      return [];
    }
  });
}
