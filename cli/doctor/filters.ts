import { attachmentOf } from '../../cni/attachment.ts';
import { masqueraded } from '../../plugin/config/masquerade.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { type Cure, type Finding, fixCommand } from './finding.ts';
import { findLostForward } from './forward-rules.ts';
import { findLostIsolation } from './isolation.ts';
import { type Patient, patientsOf, type Ward } from './sight.ts';
import { containerWords, counted } from './words.ts';

function masqueradeOf({ network, attachment, veth, leased }: Patient): Cure[] {
  const { config } = network;
  if (config === undefined) return [];
  const owner = attachmentOf(network.name, attachment);
  return [{ kind: 'masquerade', attachment: owner, addresses: masqueraded(leased, config), veth, config }];
}

function spoofCheckOf({ network, attachment, veth, namespace, leased: addresses }: Patient): Cure[] {
  const { config } = network;
  if (namespace === undefined || config === undefined) return [];
  const owner = attachmentOf(network.name, attachment);
  return [{ kind: 'spoof check', attachment: owner, veth, namespace, addresses, config }];
}

function lost(network: NetworkFacts, ward: Ward): Finding[] {
  const own = patientsOf(ward, network).filter(({ isDead }) => !isDead);
  const masquerades = own.filter(({ lostMasquerade }) => lostMasquerade !== undefined);
  const checks = own.filter(({ hasLostSpoofCheck }) => hasLostSpoofCheck);
  const findings: Finding[] = [];
  if (masquerades.length > 0) {
    findings.push({
      what: `${counted(masquerades.length, 'container')} of ${network.name} no longer masqueraded`,
      where: masquerades.map(
        ({ attachment, lostMasquerade = '' }) => `${containerWords(attachment)}: ${lostMasquerade}`,
      ),
      why: 'nothing beyond this host answers to their addresses; a firewall was flushed or restarted',
      mend: fixCommand,
      cures: masquerades.flatMap(masqueradeOf),
    });
  }
  if (checks.length > 0) {
    findings.push({
      what: `${counted(checks.length, 'container')} of ${network.name} without spoof check`,
      where: checks.map(({ attachment, veth }) => `${containerWords(attachment)}, veth ${veth.name}`),
      why: "they can send by another's address; a firewall was flushed or restarted",
      mend: fixCommand,
      cures: checks.flatMap(spoofCheckOf),
    });
  }
  return findings;
}

/** What netfilter should do for running containers, and does no more. */
export function findLostFilters(ward: Ward): Finding[] {
  const own = ward.facts.networks.flatMap((network) => lost(network, ward));
  return [...own, ...findLostIsolation(ward), ...findLostForward(ward)];
}
