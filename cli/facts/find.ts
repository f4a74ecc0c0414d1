import { parseIP, sameIP } from '../../netlink/ip.ts';
import type { AttachmentFacts, Facts, NetworkFacts } from './facts.ts';
import type { HostLink } from './raw.ts';

/** Something that a person may have meant. */
export type Match =
  | { readonly kind: 'network'; readonly network: NetworkFacts }
  | { readonly kind: 'attachment'; readonly network: NetworkFacts; readonly attachment: AttachmentFacts }
  | { readonly kind: 'other'; readonly link: HostLink };

/** Whether an attachment is meant by a word: not at all, by its beginning, or exactly. */
type Fit = 'none' | 'beginning' | 'exact';

/** A container's ID is looked for by its beginning from that many letters on. */
const leastLetters = 2;

function hasAddress({ leases, elements, seen }: AttachmentFacts, word: string): boolean {
  const ip = parseIP(word);
  if (ip === undefined) return false;
  const known = [...leases, ...elements].map(({ address }) => address);
  return [...known, ...seen].some((text) => {
    const own = parseIP(text.replace(/\/.*/, ''));
    return own !== undefined && sameIP(own, ip);
  });
}

function fitOf(attachment: AttachmentFacts, word: string): Fit {
  const { containerID, pod, veth } = attachment;
  const isPod = pod !== '' && (pod === word || pod.slice(pod.indexOf('/') + 1) === word);
  const isVeth = veth !== undefined && (veth.name === word || veth.mac === word.toLowerCase());
  if (containerID === word || isPod || isVeth || hasAddress(attachment, word)) return 'exact';
  const isBeginning = word.length >= leastLetters && containerID.startsWith(word);
  return isBeginning ? 'beginning' : 'none';
}

/**
 * What a word may mean: a network, its bridge, a container's ID or the beginning of one, a pod, an address, a MAC address
 * or a name of a host veth, a link that is others'. What it means exactly goes before what it may be the beginning of.
 */
export function findMatches({ networks, others }: Facts, word: string): Match[] {
  const named = networks.filter(({ name, bridgeName }) => name === word || bridgeName === word);
  const exact: Match[] = named.map((network) => ({ kind: 'network', network }));
  const beginning: Match[] = [];
  for (const network of networks) {
    for (const attachment of network.attachments) {
      const fit = fitOf(attachment, word);
      if (fit !== 'none')
        (fit === 'exact' ? exact : beginning).push({ kind: 'attachment', network, attachment });
    }
  }
  const isMeant = ({ name, mac }: HostLink): boolean => name === word || mac === word.toLowerCase();
  for (const link of [...others.bridges, ...others.veths].filter(isMeant))
    exact.push({ kind: 'other', link });
  return exact.length > 0 ? exact : beginning;
}

/** Whether matches are one thing: the interfaces of one container, or the networks of one bridge. */
export function isOneThing(matches: readonly Match[], word: string): boolean {
  const [first] = matches;
  if (matches.length <= 1) return true;
  return matches.every((match) => {
    if (match.kind === 'attachment' && first?.kind === 'attachment')
      return match.attachment.containerID === first.attachment.containerID;
    return match.kind === 'network' && first?.kind === 'network' && match.network.bridgeName === word;
  });
}
