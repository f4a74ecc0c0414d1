import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import type { Owner } from '../leases/memory.ts';
import type { Store } from '../leases/store.ts';
import type { Candidate } from './allocate.ts';
import type { HostLocalRequest } from './request.ts';

/** Who is to get its addresses again: the pod if the runtime names it, else the container. */
function ownerOf({ attachment: { containerID, ifname }, pod }: HostLocalRequest): Owner {
  return { name: pod || containerID, ifname };
}

/** The addresses that the attachment's pod or container had last ("sticky"). */
export function recall(store: Store, request: HostLocalRequest): IP[] {
  return store.recall(ownerOf(request), request.warn).flatMap((address) => parseIP(address) ?? []);
}

/** Remembers who has these addresses. What keeps it from that is no reason to fail an ADD. */
export function remember(store: Store, request: HostLocalRequest, made: readonly Candidate[]): void {
  store.remember(
    ownerOf(request),
    made.map(({ ip }) => formatIP(ip)),
    request.warn,
  );
}
