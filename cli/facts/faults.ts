import { parseIP } from '../../netlink/ip.ts';
import type { AttachmentFacts, NetworkFacts } from './facts.ts';

/** What an attachment is judged by, beside itself. */
export interface Surroundings {
  readonly network: Omit<NetworkFacts, 'attachments' | 'faults'>;
  /** Whether leases and map elements could all be seen. */
  readonly seesLeases: boolean;
  readonly seesElements: boolean;
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

function masqueradeFaults(
  { leases, elements, veth }: AttachmentFacts,
  { network, seesElements }: Surroundings,
): string[] {
  const { config } = network;
  const byNftables = config?.ipMasq === true && config.ipMasqBackend !== 'iptables';
  if (!seesElements || !byNftables || veth === undefined) return [];
  const masqueraded = new Set(elements.map(({ address }) => address));
  return leases
    .filter(({ address }) => config.ipMasqFamilies.some((of) => of === parseIP(address)?.family))
    .filter(({ address }) => !masqueraded.has(address))
    .map(({ address }) => `${address} is not masqueraded`);
}

/** What is wrong with an attachment, in words; nothing where all is well as far as can be seen. */
export function attachmentFaults(attachment: AttachmentFacts, surroundings: Surroundings): string[] {
  return [
    ...(attachment.ifname === '' && attachment.veth !== undefined ? ['its alias is cut short'] : []),
    ...vethFaults(attachment, surroundings),
    ...leaseFaults(attachment, surroundings),
    ...masqueradeFaults(attachment, surroundings),
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
