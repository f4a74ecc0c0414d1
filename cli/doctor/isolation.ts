import { attachmentOf } from '../../cni/attachment.ts';
import { isolatedOf } from '../../plugin/netfilter/isolation/isolation.ts';
import { type Cure, type Finding, fixCommand } from './finding.ts';
import { type Patient, patientsOf, type Ward } from './sight.ts';
import { containerWords, counted } from './words.ts';

function cureOf({ network, attachment, veth }: Patient): Cure[] {
  const { config } = network;
  if (config === undefined) return [];
  const owner = attachmentOf(network.name, attachment);
  return [{ kind: 'isolation', isolated: isolatedOf(owner, veth.name, config), config, veth }];
}

/** Networks that a firewall has opened to others by taking our table. */
export function findLostIsolation(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => {
    const open = patientsOf(ward, network).filter(({ lostIsolation: lost }) => lost !== undefined);
    if (open.length === 0) return [];
    return [
      {
        what: `${counted(open.length, 'container')} of ${network.name} no longer isolated`,
        where: open.map(
          ({ attachment, lostIsolation = '' }) => `${containerWords(attachment)}: no ${lostIsolation}`,
        ),
        why: 'other networks reach them, and they others; a firewall was flushed or restarted',
        mend: fixCommand,
        cures: open.flatMap(cureOf),
      },
    ];
  });
}
