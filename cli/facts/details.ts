import { fileErrorCode, isErrno, messageOf } from '../../netlink/error.ts';
import { findPortOf } from '../../netlink/route/bridge-fdb.ts';
import { getLinkCounters, type LinkCounters } from '../../netlink/route/link-counters.ts';
import { withHost } from '../../plugin/attach/sides.ts';
import type { AttachmentFacts, Facts } from './facts.ts';
import { findNamespaces, type Inside, lookInside, type Process, processesIn } from './namespaces.ts';

/** What is looked up of one attachment alone: it costs several calls for each. */
export interface Details {
  /** Of the host veth: what it receives, the container sent. */
  readonly counters: LinkCounters | undefined;
  /** Path of the container's network namespace; empty where none was found. */
  readonly namespace: string;
  readonly inside: Inside | undefined;
  readonly processes: readonly Process[];
  /** Why there is no more; empty where there is. */
  readonly fault: string;
}

const nothing: Details = { counters: undefined, namespace: '', inside: undefined, processes: [], fault: '' };

function whyNot(error: unknown): string {
  if (isErrno(error, 'EPERM') || ['EPERM', 'EACCES'].includes(fileErrorCode(error) ?? '')) {
    return 'needs root (CAP_SYS_ADMIN)';
  }
  return messageOf(error);
}

function detailsIn(namespace: string, { peer }: { readonly peer: number }): Details {
  const processes = processesIn(namespace);
  try {
    const inside = lookInside(namespace, peer);
    const fault = inside === undefined ? 'its interface is gone' : '';
    return { ...nothing, namespace, inside, processes, fault };
  } catch (error) {
    return { ...nothing, namespace, processes, fault: whyNot(error) };
  }
}

/**
 * Looks an attachment up on both sides of its veth.
 * @throws SystemError where there is no rtnetlink
 */
export function readDetails({ veth }: AttachmentFacts): Details {
  if (veth === undefined) return { ...nothing, fault: 'there is no host veth to follow' };
  return withHost((host) => {
    const counters = getLinkCounters(host, veth);
    const id = veth.peerNamespaceId;
    if (id === undefined) return { ...nothing, counters, fault: "the veth's other end is on the host" };
    const namespace = findNamespaces(host, new Set([id])).get(id);
    if (namespace === undefined) {
      return { ...nothing, counters, fault: 'its namespace has no name and no process that we may look at' };
    }
    return { ...detailsIn(namespace, veth), counters };
  });
}

/** Index of the port by which a bridge of ours reaches a MAC address; undefined where none knows it. */
export function portOfMac({ networks }: Facts, mac: string): number | undefined {
  try {
    return withHost((host) => {
      for (const { bridge } of networks) {
        if (bridge?.kind !== 'bridge') continue;
        const port = findPortOf(host, bridge, mac);
        if (port !== undefined) return port;
      }
      return undefined;
    });
  } catch (error) {
    // Before Linux 5.0 a bridge can't be asked.
    if (isErrno(error, 'EOPNOTSUPP', 'EINVAL', 'ENODEV')) return undefined;
    throw error;
  }
}
