import { family, parseIP } from '../../netlink/ip.ts';
import { ownerLabel } from '../../plugin/attach/owner.ts';
import {
  chainLabel,
  containerChain,
  containerOfComment,
} from '../../plugin/netfilter/masquerade/go-names.ts';
import { type IptablesSource, ruleCommentOf } from '../../plugin/netfilter/masquerade/iptables-sources.ts';
import type { AttachmentFacts, NetworkFacts } from '../facts/facts.ts';
import { parseLabel } from '../facts/label.ts';
import type { Raw } from '../facts/raw.ts';
import type { Reading } from '../facts/read.ts';
import { shortID } from '../facts/summary.ts';
import { type Finding, fixCommand } from './finding.ts';
import { areNobodys } from './nobody.ts';
import type { Orphan, Ward } from './sight.ts';
import { counted } from './words.ts';

/** Tells whether there is an attachment of a container, whose ID a label may have in short. */
function knownIn(networks: readonly NetworkFacts[]): (network: string, containerID: string) => boolean {
  const known = new Set(
    networks.flatMap(({ name, attachments }) => attachments.map((one) => `${name} ${one.containerID}`)),
  );
  return (network, containerID) => {
    const short = parseLabel(ownerLabel({ network, containerID, ifname: '' }))?.containerID;
    return [containerID, short].some((id) => known.has(`${network} ${id}`));
  };
}

/** The containers of which an iptables chain is left, nothing else, and whose addresses nobody has. */
export function readOrphans(
  { netfilter }: Raw,
  ward: Pick<Ward, 'facts' | 'inside'>,
  reading: Reading,
): Orphan[] {
  const chains = new Map<string, IptablesSource[]>();
  for (const source of netfilter?.sources ?? [])
    chains.set(source.chain, [...(chains.get(source.chain) ?? []), source]);
  const isKnown = knownIn(ward.facts.networks);
  return [...chains].flatMap(([chain, sources]) => {
    const [first] = sources;
    const container = containerOfComment(first?.comment ?? '');
    const network = ward.facts.networks.find(({ name }) => name === container?.network);
    if (first === undefined || container === undefined || network === undefined) return [];
    const { containerID } = container;
    const addresses = sources.map(({ address }) => address);
    if (isKnown(network.name, containerID) || !areNobodys(addresses, network, ward)) return [];
    if (containerChain(container) !== chain) return [];
    const isOurs = (): boolean => ruleCommentOf(first) === chainLabel(container);
    return [{ network, containerID, isOurs: reading.attempt("iptables' chains", isOurs, false), sources }];
  });
}

/** The commands that remove a chain with the jumps to it. */
function removalOf({ sources }: Orphan): string {
  const commands = sources.map(({ address, chain, comment, by }) => {
    const program = parseIP(address)?.family === family.ipv6 ? 'ip6tables' : 'iptables';
    const name = by.replace('iptables', program);
    const rule = `POSTROUTING -s ${address} -m comment --comment '${comment}' -j ${chain}`;
    return { name, chain, line: `${name} -t nat -D ${rule}` };
  });
  const programs = new Map(commands.map(({ name, chain }) => [name, chain]));
  const removals = [...programs].map(
    ([name, chain]) => `${name} -t nat -F ${chain} && ${name} -t nat -X ${chain}`,
  );
  return [...commands.map(({ line }) => line), ...removals].join(' && ');
}

function where({ containerID, sources }: Orphan): string[] {
  const whose = `container ${shortID(containerID)}`;
  return sources.map(({ address, chain, by }) => `${address} by ${by}, chain ${chain} of ${whose}`);
}

const why = 'they pile up, and each packet that leaves this host is compared with all of them';

/** The attachment of an orphan, of which there is nothing but what iptables masquerades. */
function attachmentOf({ network, containerID, sources }: Orphan): AttachmentFacts {
  return {
    network: network.name,
    containerID,
    ifname: '',
    pod: '',
    veth: undefined,
    bridge: '',
    vlans: [],
    leases: [],
    elements: [],
    sources,
    isMasqueradedByGo: false,
    spoofCheck: '',
    seen: [],
    faults: [],
  };
}

/** Orphans of a network. Those that bear no label of ours may be the Go plugin's, and are left to a person. */
export function findOrphans(network: NetworkFacts, { orphans }: Ward): Finding[] {
  const all = orphans.filter((one) => one.network.name === network.name);
  const ours = all.filter(({ isOurs }) => isOurs);
  const perhaps = all.filter(({ isOurs }) => !isOurs);
  const [first] = perhaps;
  const { config, directories } = network;
  const findings: Finding[] = [];
  if (ours.length > 0) {
    findings.push({
      what: `${counted(ours.length, 'container')} of ${network.name} gone, but still masqueraded by iptables`,
      where: ours.flatMap(where),
      why,
      mend: fixCommand,
      cures: ours.map((one) => ({ kind: 'remains', attachment: attachmentOf(one), config, directories })),
    });
  }
  if (first !== undefined) {
    findings.push({
      what: `${counted(perhaps.length, 'container')} of ${network.name} gone, but still masqueraded by iptables, perhaps by the Go plugin`,
      where: perhaps.flatMap(where),
      why,
      mend: removalOf(first),
      cures: [],
    });
  }
  return findings;
}
