import { closeSync } from '#files';
import { CniError, errorCode } from '../../cni/error.ts';
import type { Result } from '../../cni/result.ts';
import { openRoute } from '../../netlink/connection.ts';
import { fileErrorCode, isErrno } from '../../netlink/error.ts';
import { type CIDR, type IP, sameIP, width } from '../../netlink/ip.ts';
import { openNamespace, openOwnNamespace, sameNamespace, within } from '../../netlink/namespace.ts';
import { removeLink } from '../../netlink/route/link.ts';
import { removeHostVeth } from '../attach/host-veth.ts';
import { ownerLabel } from '../attach/owner.ts';
import { openInside } from '../attach/sides.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { Request } from '../config/request.ts';
import { withNetfilterIfThere } from '../netfilter/connection.ts';
import { removeMasquerade } from '../netfilter/masquerade/masquerade.ts';
import { removeSpoofCheck } from '../netfilter/spoof-check.ts';
import type { Ipam } from './ipam.ts';

/**
 * Disconnects a container ("DEL" in SPEC.md): what netfilter does for it, the veth pair, last the lease, so that no address is
 * handed out while it is still in use. What is gone already is no error; what is left on the host goes whether or
 * not the container's namespace still exists.
 * @throws CniError, NetlinkError, SystemError
 */
export function del(
  request: Request,
  config: BridgeConfig,
  ipam: Ipam | undefined,
  warn: (line: string) => void,
): void {
  const attachment = { network: config.name, containerID: request.containerID, ifname: request.ifname };
  const known = knownAddresses(ipam?.held() ?? [], config.prevResult);
  // Where a lease is lost, the address is not known: its masquerading is found by whose it is.
  const addresses = known.length < (ipam?.least ?? 0) ? [] : known;
  // Closing netfilter waits until the kernel has freed what was deleted. That goes on while the kernel deletes the
  // link, which takes as long: so the link and the lease go before it is closed.
  withNetfilterIfThere((netfilter) => {
    if (netfilter !== undefined) removeSpoofCheck(netfilter, attachment);
    removeMasquerade(netfilter, attachment, addresses, warn);
    removeVeth(request, config, ownerLabel(attachment));
    ipam?.del();
  });
}

function removeVeth(request: Request, { bridge, prevResult }: BridgeConfig, owner: string): void {
  if (deleteContainerLink(request)) return;
  const host = openRoute();
  try {
    removeHostVeth(host, owner, bridge, prevResult);
  } finally {
    host.close();
  }
}

/** Each address once; what is found by address is found whatever the prefix length. */
function knownAddresses(held: readonly IP[], previous: Result | undefined): CIDR[] {
  const known: CIDR[] = held.map((ip) => ({ ip, prefix: width(ip.family) }));
  for (const { address } of previous?.ips ?? []) {
    if (!held.some((ip) => sameIP(ip, address.ip))) known.push(address);
  }
  return known;
}

/** @returns whether there was such a link; its peer on the host is gone with it */
function deleteContainerLink({ netns, ifname, allowOwnNamespace }: Request): boolean {
  if (netns === '') return false;
  const own = openOwnNamespace();
  try {
    const container = openIfThere(netns);
    if (container === undefined) return false;
    try {
      if (!allowOwnNamespace && sameNamespace(own, container)) {
        throw new CniError(
          errorCode.invalidNetns,
          `CNI_NETNS "${netns}" is the plugin's own network namespace`,
        );
      }
      const connection = openInside(netns, (work) => within(container, own, work));
      try {
        return removeLink(connection, ifname);
      } finally {
        connection.close();
      }
    } finally {
      closeSync(container.fd);
    }
  } finally {
    closeSync(own.fd);
  }
}

/** A namespace that may be gone: its path missing, or left behind as a plain file. */
function openIfThere(path: string): ReturnType<typeof openNamespace> | undefined {
  try {
    return openNamespace(path);
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes(fileErrorCode(error) ?? '');
    if (missing || isErrno(error, 'EINVAL')) return undefined;
    throw error;
  }
}
