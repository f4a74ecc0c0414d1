import { openRoute } from '../../netlink/connection.ts';
import { smallestMtu } from '../../plugin/attach/auto-mtu.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { patientsOf, type Sight } from './sight.ts';
import { containerWords } from './words.ts';

/**
 * What `"mtu": "auto"` would choose now, by network.
 * @throws NetlinkError; SystemError where there is no rtnetlink
 */
export function readAutoMtus(networks: readonly NetworkFacts[]): Map<string, number> {
  const found = new Map<string, number>();
  const host = openRoute();
  try {
    for (const { name, config } of networks) {
      const mtu = config?.autoMtu ? smallestMtu(host, config) : undefined;
      if (mtu !== undefined) found.set(name, mtu);
    }
    return found;
  } finally {
    host.close();
  }
}

/** Containers whose MTU was right when they were added, and is too large for what is on the way by now. */
export function findOutgrown(network: NetworkFacts, sight: Sight): Finding[] {
  const now = sight.autoMtus.get(network.name);
  if (now === undefined) return [];
  const above = patientsOf(sight, network).filter(({ veth }) => veth.mtu > now);
  if (above.length === 0) return [];
  return [
    {
      what: `${network.name} has containers with more than the MTU ${now} that is left on the way out`,
      where: above.map(
        ({ attachment, veth }) => `${containerWords(attachment)}, veth ${veth.name}, MTU ${veth.mtu}`,
      ),
      why: 'large packets are lost where ICMP is filtered: connections open, then hang',
      mend: 'start these containers anew: "mtu": "auto" chooses when a container is added',
      cures: [],
    },
  ];
}
