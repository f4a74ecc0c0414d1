import { contains, type Family, family, formatIP } from '../../netlink/ip.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { gatewayLinkName } from './bridges.ts';
import type { Finding } from './finding.ts';
import { patientsOf, type Ward } from './sight.ts';
import { containerWords, counted } from './words.ts';

/**
 * Containers whose subnet the bridge has left while others have the new one: `forceAddress` after a node got another
 * subnet. A network whose containers are all outside isn't judged: their gateway may be elsewhere.
 */
function findStrandedOf(network: NetworkFacts, of: Family, ward: Ward): Finding[] {
  const name = gatewayLinkName(network);
  const link = ward.links.find((one) => one.name === name);
  const subnets = ward.addresses.filter(({ index }) => index === link?.index).map(({ cidr }) => cidr);
  const all = patientsOf(ward, network)
    .filter(({ isDead }) => !isDead)
    .map(({ attachment, addresses }) => ({
      attachment,
      ips: addresses.map(({ ip }) => ip).filter((ip) => ip.family === of),
    }))
    .filter(({ ips }) => ips.length > 0);
  const stranded = all.filter(({ ips }) => !ips.some((ip) => subnets.some((one) => contains(one, ip))));
  if (stranded.length === 0 || stranded.length === all.length) return [];
  return [
    {
      what: `${counted(stranded.length, 'container')} of ${network.name} in a subnet that ${name} has left`,
      where: stranded.map(
        ({ attachment, ips }) => `${containerWords(attachment)} ${ips.map(formatIP).join(' ')}`,
      ),
      why: 'their gateway is gone: they reach nothing outside of their subnet',
      mend: 'start these containers anew',
      cures: [],
    },
  ];
}

/** The same of all networks, for each family. */
export function findStranded(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) =>
    [family.ipv4, family.ipv6].flatMap((of) => findStrandedOf(network, of, ward)),
  );
}
