import { parseIP } from '../../netlink/ip.ts';
import type { MasqueradeConfig } from '../../plugin/config/masquerade.ts';
import type { AttachmentFacts, NetworkFacts } from './facts.ts';

/** What an attachment is judged by, beside itself. */
export interface Surroundings {
  readonly network: Omit<NetworkFacts, 'attachments' | 'faults'>;
  /** Whether leases, and what netfilter does, could all be seen. */
  readonly seesLeases: boolean;
  readonly seesNetfilter: boolean;
  /** Whether the network's bridge has a veth without a label that nobody could look behind. */
  readonly hasUnlabelled: boolean;
}

function vethFaults({ veth, bridge }: AttachmentFacts, { network, hasUnlabelled }: Surroundings): string[] {
  // Whose the veths without a label are, nothing here can tell.
  if (veth === undefined) return hasUnlabelled ? [] : ['no host veth'];
  const faults: string[] = [];
  if (!veth.up) faults.push('host veth is down');
  else if (!veth.operational && network.config?.disableContainerInterface !== true)
    faults.push("container's interface is down");
  if (bridge === '') faults.push('not on a bridge');
  else if (bridge !== network.bridgeName) faults.push(`on ${bridge}, not on ${network.bridgeName}`);
  return faults;
}

function leaseFaults({ leases }: AttachmentFacts, { network, seesLeases }: Surroundings): string[] {
  const { config, directories } = network;
  const leasesHere = config === undefined ? directories.length > 0 : config.ipam?.type === 'host-local';
  return seesLeases && leasesHere && leases.length === 0 ? ['no lease'] : [];
}

/** Whether a container's ID is whole: the label has a long one cut, and the names of its chains have it whole. */
function isWhole({ containerID }: AttachmentFacts): boolean {
  return !containerID.includes('~');
}

function isMasqueraded({ ipMasqFamilies }: MasqueradeConfig, address: string): boolean {
  return ipMasqFamilies.some((of) => of === parseIP(address)?.family);
}

function netfilterFaults(attachment: AttachmentFacts, { network, seesNetfilter }: Surroundings): string[] {
  const { leases, elements, sources, spoofCheck, veth } = attachment;
  const { config } = network;
  if (config === undefined || !seesNetfilter || veth === undefined) return [];
  const { ipMasqBackend: backend } = config;
  const masqueraded = new Set(
    [...(backend === 'iptables' ? [] : elements), ...(backend === 'nftables' ? [] : sources)].map(
      ({ address }) => address,
    ),
  );
  const isJudged =
    config.ipMasq && !attachment.isMasqueradedByGo && (backend === 'nftables' || isWhole(attachment));
  const faults = leases
    .filter(({ address }) => isJudged && isMasqueraded(config, address) && !masqueraded.has(address))
    .map(({ address }) => `${address} is not masqueraded`);
  if (config.macspoofchk && spoofCheck === '' && isWhole(attachment)) faults.push('its MAC is not checked');
  return faults;
}

/** What is wrong with an attachment, in words; nothing where all is well as far as can be seen. */
export function attachmentFaults(attachment: AttachmentFacts, surroundings: Surroundings): string[] {
  return [
    ...(attachment.ifname === '' && attachment.veth !== undefined ? ['its alias is cut short'] : []),
    ...vethFaults(attachment, surroundings),
    ...leaseFaults(attachment, surroundings),
    ...netfilterFaults(attachment, surroundings),
  ];
}

/** What is wrong with a network itself. */
export function networkFaults({
  bridgeName,
  bridge,
  attachments,
  config,
}: Pick<NetworkFacts, 'bridgeName' | 'bridge' | 'attachments' | 'config'>): string[] {
  const faults: string[] = [];
  const isUsed = attachments.some(({ veth }) => veth !== undefined);
  if (bridge !== undefined && bridge.kind !== 'bridge') faults.push(`${bridgeName} is not a bridge`);
  else if (bridge !== undefined && !bridge.up) faults.push(`bridge ${bridgeName} is down`);
  else if (bridge === undefined && isUsed && config !== undefined)
    faults.push(`there is no bridge ${bridgeName}`);
  return faults;
}
