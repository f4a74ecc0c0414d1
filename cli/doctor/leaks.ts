import type { AttachmentFacts, NetworkFacts } from '../facts/facts.ts';
import { type Finding, fixCommand } from './finding.ts';
import { areNobodys } from './nobody.ts';
import { findOrphans } from './orphans.ts';
import { patientsOf, type Ward } from './sight.ts';
import { containerWords, counted } from './words.ts';

/**
 * Whether an attachment that has no veth is certain to be gone. An ADD makes the veth before it leases, and masquerades
 * last, so a map element of ours tells. A lease may be another plugin's: nobody must have its address.
 */
function isGone({ leases, elements }: AttachmentFacts, network: NetworkFacts, ward: Ward): boolean {
  if (elements.length > 0) return true;
  const addresses = leases.map(({ address }) => address);
  return areNobodys(addresses, network, ward);
}

function remains(network: NetworkFacts, gone: readonly AttachmentFacts[]): Finding['cures'] {
  const { directories, config } = network;
  return gone.map((attachment) => ({ kind: 'remains', attachment, config, directories }));
}

function withoutVeth(network: NetworkFacts, ward: Ward): Finding[] {
  const gone = network.attachments.filter(
    (one) => one.veth === undefined && one.ifname !== '' && isGone(one, network, ward),
  );
  const leaked = gone.filter(({ leases }) => leases.length > 0);
  const elements = gone.filter(({ leases }) => leases.length === 0);
  const findings: Finding[] = [];
  if (leaked.length > 0) {
    findings.push({
      what: `${counted(leaked.length, 'leaked lease')} on ${network.name}`,
      where: leaked.flatMap((one) =>
        one.leases.map(({ file }) => `${file} of ${containerWords(one)}, which is gone`),
      ),
      why: 'their addresses cannot be leased again: the range runs out',
      mend: fixCommand,
      cures: remains(network, leaked),
    });
  }
  if (elements.length > 0) {
    findings.push({
      what: `${counted(elements.length, 'container')} of ${network.name} gone, but still masqueraded`,
      where: elements.flatMap((one) =>
        one.elements.map(
          ({ address }) => `${address} in table inet ${network.table} of ${containerWords(one)}`,
        ),
      ),
      why: 'they pile up, and are taken for another container that is given the address',
      mend: fixCommand,
      cures: remains(network, elements),
    });
  }
  return findings;
}

function ofTheDead(network: NetworkFacts, ward: Ward): Finding[] {
  const dead = patientsOf(ward, network).filter(({ isDead }) => isDead);
  if (dead.length === 0) return [];
  return [
    {
      what: `${counted(dead.length, 'veth')} of dead containers on ${network.name}`,
      where: dead.map(
        ({ veth, attachment }) => `${veth.name} of ${containerWords(attachment)}, whose namespace is gone`,
      ),
      why: 'they hold their addresses, and ports of the bridge',
      mend: fixCommand,
      cures: remains(
        network,
        dead.map(({ attachment }) => attachment),
      ),
    },
  ];
}

function withoutLease(network: NetworkFacts, ward: Ward): Finding[] {
  const { config } = network;
  const isSeen = !ward.facts.missing.some(({ what }) => what.includes('leases') || what.startsWith('whose'));
  if (config?.ipam?.type !== 'host-local' || !isSeen) return [];
  const without = patientsOf(ward, network).filter(
    ({ attachment, isDead }) => !isDead && attachment.leases.length === 0,
  );
  if (without.length === 0) return [];
  return [
    {
      what: `${counted(without.length, 'container')} without a lease on ${network.name}`,
      where: without.map(({ veth, attachment }) => `${containerWords(attachment)}, veth ${veth.name}`),
      why: 'another container may be given the address',
      mend: 'start these containers anew',
      cures: [],
    },
  ];
}

/** What containers have left that are gone, and what they lack that run. */
export function findLeaks(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => [
    ...withoutVeth(network, ward),
    ...findOrphans(network, ward),
    ...ofTheDead(network, ward),
    ...withoutLease(network, ward),
  ]);
}
