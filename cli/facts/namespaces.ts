import { closeSync, statSync } from '#files';
import { type Connection, openRoute } from '../../netlink/connection.ts';
import { readValue } from '../../netlink/file.ts';
import { family, formatCIDR } from '../../netlink/ip.ts';
import { type Namespace, openNamespace, openOwnNamespace, within } from '../../netlink/namespace.ts';
import { type HostAddress, listEveryAddress } from '../../netlink/route/address-list.ts';
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
  const seen = new Set<number | undefined>([undefined, inodeOf('/proc/self/ns/net')]);
  const named = directories.flatMap((directory) => namesIn(directory).map((name) => `${directory}/${name}`));
  const ofProcesses = processes().map((pid) => `/proc/${pid}/ns/net`);
  for (const path of [...named, ...ofProcesses]) {
    const inode = inodeOf(path);
    if (seen.has(inode)) continue;
    seen.add(inode);
    yield path;
  }
}

/** Paths of what processes have open that may be a namespace without a name. */
function* openPaths(): Generator<string> {
  const own = statSync('/proc/self/ns/net');
  for (const pid of processes()) {
    let names: string[] = [];
    try {
      names = namesIn(`/proc/${pid}/fd`);
    } catch {
      // Somebody else's.
    }
    for (const path of names.map((name) => `/proc/${pid}/fd/${name}`)) {
      try {
        const { dev, ino } = statSync(path);
        if (dev === own.dev && ino !== own.ino) yield path;
      } catch {
        // Closed meanwhile.
      }
    }
  }
}

function open(path: string, own: Namespace): Namespace | undefined {
  try {
    return openNamespace(path, own);
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
  const own = openOwnNamespace();
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
  for (const paths of [namespacePaths(), openPaths()]) {
    if (found.size === wanted.size) break;
    for (const path of paths) {
      const namespace = open(path, own);
      if (namespace !== undefined) batch.push(namespace);
      if (batch.length === atOnce) ask();
      if (found.size === wanted.size) break;
    }
    ask();
  }
  closeSync(own.fd);
  return found;
}

/**
 * The addresses in every namespace that a link of the host leads to and that has a name or a process, by the namespace's
 * path.
 * @param host a connection in the host's namespace
 * @throws SystemError EPERM without CAP_SYS_ADMIN
 */
export function addressesInside(host: Connection): Map<string, HostAddress[]> {
  const found = new Map<string, HostAddress[]>();
  const own = openOwnNamespace();
  try {
    for (const path of namespacePaths()) {
      const there = open(path, own);
      if (there === undefined) continue;
      try {
        // Others of this machine, such as those within a container, may use the same addresses.
        if (namespaceIds(host, [there])[0] === undefined) continue;
        const connection = within(there, own, openRoute);
        try {
          found.set(path, listEveryAddress(connection));
        } finally {
          connection.close();
        }
      } finally {
        closeSync(there.fd);
      }
    }
    return found;
  } finally {
    closeSync(own.fd);
  }
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
 * @returns undefined where the interface is gone, or the namespace
 * @throws SystemError EPERM without CAP_SYS_ADMIN
 */
export function lookInside(
  path: string,
  index: number,
  depth: 'addresses' | 'all' = 'all',
): Inside | undefined {
  const own = openOwnNamespace();
  const there = open(path, own);
  try {
    if (there === undefined) return undefined;
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
    if (there !== undefined) closeSync(there.fd);
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
