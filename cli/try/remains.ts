import type { Attachment } from '../../cni/attachment.ts';
import { containerChain } from '../../plugin/netfilter/masquerade/go-names.ts';
import { spoofCheckNames } from '../../plugin/netfilter/spoof-check-rules.ts';
import type { Raw } from '../facts/raw.ts';

/** What of a container is on the host: what a DEL has to take away, in words. */
export function remainsOf(
  { links, directories, netfilter }: Raw,
  { network, containerID, ifname }: Attachment,
): string[] {
  const isOwn = (owner: string): boolean => owner.split(' ')[2] === containerID;
  return [
    ...links.filter(({ alias }) => isOwn(alias)).map(({ name }) => `veth ${name}`),
    ...directories.flatMap(({ leases }) =>
      leases.filter((lease) => lease.containerID === containerID).map(({ file }) => `lease ${file}`),
    ),
    ...(netfilter?.sources ?? [])
      .filter(({ chain }) => chain === containerChain({ network, containerID }))
      .map(({ chain, address }) => `iptables' chain ${chain} for ${address}`),
    ...[...(netfilter?.spoofChecks ?? [])]
      .filter((chain) => chain === spoofCheckNames({ containerID, ifname }).chain)
      .map((chain) => `spoof check ${chain}`),
    ...(netfilter?.tables ?? []).flatMap(({ name, elements }) =>
      elements.filter(({ owner }) => isOwn(owner)).map(({ address }) => `element ${address} in ${name}`),
    ),
  ];
}

/** What is on the host that wasn't before, beside a container's own: it stays on purpose, for the next one. */
export function newcomers(before: Raw, after: Raw): string[] {
  const names = new Set(before.links.map(({ name }) => name));
  const paths = new Set(before.directories.map(({ path }) => path));
  return [
    ...after.links
      .filter(({ name }) => !names.has(name))
      .map(({ kind, name }) => `${kind || 'link'} ${name}`),
    ...after.directories.filter(({ path }) => !paths.has(path)).map(({ path }) => `directory ${path}`),
  ];
}
