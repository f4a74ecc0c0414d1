import type { Attachment } from '../../cni/attachment.ts';
import type { Result } from '../../cni/result.ts';
import type { Connection } from '../../netlink/connection.ts';
import { type CIDR, type IP, sameIP, width } from '../../netlink/ip.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { hasLink } from '../../netlink/sysctl.ts';
import { likelyVethNames, removeHostVeth } from '../attach/host-veth.ts';
import { ownerLabel } from '../attach/owner.ts';
import { openContainerIfThere, withHost } from '../attach/sides.ts';
import { removeUnusedLinks } from '../attach/unused.ts';
import { withNetfilterIfThere } from '../netfilter/connection.ts';
import { removeUnusedForward } from '../netfilter/forward/forward.ts';
import { removeIsolation } from '../netfilter/isolation/isolation.ts';
import { removeMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { removeSpoofCheck } from '../netfilter/spoof-check.ts';
import { forgetting } from './forget.ts';
import type { Operation } from './operation.ts';
import { Steps } from './steps.ts';

/**
 * Disconnects a container ("DEL" in SPEC.md): removes its masquerading and spoof check, the veth pair, and last the
 * lease, so that no address is handed out while it is still in use. Whatever is gone already is not an error, and what
 * is left on the host is removed whether or not the container's namespace still exists.
 * @throws CniError, NetlinkError, SystemError the first error, after everything else has been removed
 */
export function del(operation: Operation): void {
  const { attachment, begin, config } = operation;
  const steps = new Steps();
  begin?.('ipam');
  const held = steps.attempt(() => operation.ipam?.held() ?? []);
  const addresses = knownAddresses(operation, held);
  let disconnected = false;
  const disconnect = (netfilter?: Connection): void => {
    disconnected = true;
    begin?.('veth');
    const { wasThere, isGone } = removeVeth(operation, ownerLabel(attachment), steps);
    begin?.('ipam');
    if (isGone) {
      const forget = forgetting(operation, netfilter, steps);
      // Without a lease only a veth shows that the addresses are not somebody else's by now.
      if (wasThere && held?.length === 0) forget?.(addresses.map(({ ip }) => ip));
      steps.attempt(() => operation.ipam?.del(forget));
    }
    begin?.('veth');
    steps.attempt(() => removeUnusedLinks(config));
    begin?.('netfilter');
    if (!config.forward) return;
    steps.attempt(() => withHost((host) => removeUnusedForward(host, config, attachment)));
  };
  begin?.('netfilter');
  // Closing the nfnetlink socket waits until the kernel has freed what was deleted. Deleting the link takes as long,
  // and both can run at once, so the link and the lease are removed before the socket is closed.
  steps.attempt(() =>
    withNetfilterIfThere((netfilter) => {
      removeFilters(netfilter, { attachment, addresses }, operation, steps);
      disconnect(netfilter);
      if (config.isolate && netfilter !== undefined)
        steps.attempt(() => removeIsolation(netfilter, attachment, config));
    }),
  );
  if (!disconnected) disconnect();
  steps.finish();
}

function removeFilters(
  netfilter: Connection | undefined,
  { attachment, addresses }: { attachment: Attachment; addresses: readonly CIDR[] },
  { warn }: Operation,
  steps: Steps,
): void {
  if (netfilter !== undefined) steps.attempt(() => removeSpoofCheck(netfilter, attachment));
  steps.attempt(() => removeMasquerade(netfilter, attachment, addresses, warn));
}

/**
 * The attachment's addresses; none if one of them may be unknown because a lease is lost or unreadable: then its
 * masquerading is found by its owner.
 */
function knownAddresses({ config, ipam }: Operation, held: readonly IP[] | undefined): CIDR[] {
  if (held === undefined) return [];
  const known = withListed(held, config.prevResult);
  return known.length < (ipam?.minimumAddresses ?? 0) ? [] : known;
}

/** Each address once; the prefix length makes no difference to what is found by address. */
export function withListed(held: readonly IP[], previous: Result | undefined): CIDR[] {
  const known: CIDR[] = held.map((ip) => ({ ip, prefix: width(ip.family) }));
  for (const { address } of previous?.ips ?? []) {
    if (!held.some((ip) => sameIP(ip, address.ip))) known.push(address);
  }
  return known;
}

/** What a DEL knows of a veth pair: whether it was there, and whether it is certainly gone. */
interface Removed {
  readonly wasThere: boolean;
  readonly isGone: boolean;
}

/** Deletes the veth pair by the container's end, or by the host's if the container's can't be reached. */
function removeVeth({ request, config }: Operation, owner: string, steps: Steps): Removed {
  const deleted = steps.attempt(() => deleteContainerLink(request));
  // Whoever renamed ours may have given its name to another link, which was deleted in its place.
  if (deleted === true && !likelyVethNames(owner, config).some(hasLink)) {
    return { wasThere: true, isGone: true };
  }
  const found = steps.attempt(() => withHost((host) => removeHostVeth(host, owner, config)));
  // If the container could not be entered and no veth on the host has the label, the pair may still exist.
  const isGone = found === true || (found === false && deleted !== undefined);
  return { wasThere: deleted === true || found === true, isGone };
}

/** @returns whether there was such a link; its peer on the host goes with it */
function deleteContainerLink(request: Operation['request']): boolean {
  const side = openContainerIfThere(request);
  if (side === undefined) return false;
  try {
    return removeLink(side.container, request.ifname);
  } finally {
    side.close();
  }
}
