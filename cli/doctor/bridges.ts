import { attachmentOf } from '../../cni/attachment.ts';
import { type CIDR, contains, formatCIDR, parseCIDR, parseIP, sameCIDR } from '../../netlink/ip.ts';
import { gatewayLinkOf } from '../../plugin/attach/vlan-gateway.ts';
import type { NetworkFacts } from '../facts/facts.ts';
import { type Finding, fixCommand } from './finding.ts';
import { type Patient, patientsOf, type Ward } from './sight.ts';
import { containerWords, counted } from './words.ts';

/** The link by which a network's containers reach this host, as the plugin has it: the bridge, or their VLAN's gateway. */
export function gatewayLinkName({ config, bridgeName }: NetworkFacts): string {
  return config === undefined ? bridgeName : gatewayLinkOf(config);
}

/** The gateway addresses that a network's containers rely on. */
function wantedGateways({ subnets, gateways }: NetworkFacts, patients: readonly Patient[]): CIDR[] {
  const inUse = patients.flatMap(({ addresses }) => addresses);
  return subnets.flatMap((text) => {
    const subnet = parseCIDR(text);
    if (subnet === undefined || !inUse.some(({ ip }) => contains(subnet, ip))) return [];
    const ip = gateways.flatMap((one) => parseIP(one) ?? []).find((one) => contains(subnet, one));
    return ip === undefined ? [] : [{ ip, prefix: subnet.prefix }];
  });
}

function findGateways(network: NetworkFacts, patients: readonly Patient[], ward: Ward): Finding[] {
  const { config, bridge, name } = network;
  const [first] = patients;
  if (
    config?.isGateway !== true ||
    config.ipam?.type !== 'host-local' ||
    bridge === undefined ||
    first === undefined
  )
    return [];
  const linkName = gatewayLinkName(network);
  const link = ward.links.find((one) => one.name === linkName);
  const live = ward.addresses.filter(({ index }) => index === link?.index);
  const gateways = wantedGateways(network, patients).filter(
    (one) => !live.some(({ cidr }) => sameCIDR(cidr, one)),
  );
  if (gateways.length === 0) return [];
  const { attachment } = first;
  return [
    {
      what: `${linkName} lacks the gateway address of ${name}`,
      where: gateways.map((one) => `${formatCIDR(one)} on ${linkName}`),
      why: 'its containers send all that leaves the subnet there',
      mend: fixCommand,
      cures: [{ kind: 'gateway', attachment: attachmentOf(name, attachment), config, gateways }],
    },
  ];
}

/** Containers of which one end of the veth is down. */
function findDown({ name, config }: NetworkFacts, patients: readonly Patient[]): Finding[] {
  const host = patients.filter(({ veth }) => !veth.up);
  const inside = patients.filter(
    ({ veth }) => veth.up && !veth.operational && config?.disableContainerInterface !== true,
  );
  const finding = (what: string, those: readonly Patient[], mend: string): Finding[] =>
    those.length === 0
      ? []
      : [
          {
            what: `${counted(those.length, 'container')} of ${name} whose ${what} is down`,
            where: those.map(({ attachment, veth }) => `${containerWords(attachment)}, veth ${veth.name}`),
            why: 'nothing gets in or out',
            mend,
            cures: [],
          },
        ];
  const [first] = inside;
  return [
    ...finding('host veth', host, `ip link set ${host[0]?.veth.name} up`),
    ...finding(
      'interface',
      inside,
      `nsenter --net=${first?.namespace ?? 'PATH'} ip link set ${first?.attachment.ifname} up`,
    ),
  ];
}

function findBridge(network: NetworkFacts, ward: Ward): Finding[] {
  const { bridge, bridgeName, name, config } = network;
  const patients = patientsOf(ward, network).filter(({ isDead }) => !isDead);
  if (patients.length === 0 || config === undefined) return [];
  const findings = findGateways(network, patients, ward);
  const why = 'its containers reach neither each other nor this host';
  if (bridge?.kind === 'bridge' && !bridge.up) {
    const cures = [{ kind: 'up', bridge } as const];
    findings.push({ what: `bridge ${bridgeName} is down`, where: [name], why, mend: fixCommand, cures });
  }
  const loose = patients.filter(({ attachment }) => attachment.bridge !== bridgeName);
  if (loose.length > 0) {
    findings.push({
      what: `${counted(loose.length, 'container')} of ${name} not on bridge ${bridgeName}`,
      where: loose.map(
        ({ veth, attachment }) =>
          `${containerWords(attachment)}, veth ${veth.name} on ${attachment.bridge || 'none'}`,
      ),
      why,
      mend:
        bridge === undefined
          ? 'start these containers anew: the bridge is gone'
          : `ip link set ${loose[0]?.veth.name} master ${bridgeName}`,
      cures: [],
    });
  }
  return [...findings, ...findDown(network, patients)];
}

/** Bridges that are gone or down, that lack ports or their gateway's address. */
export function findBridgeFaults(ward: Ward): Finding[] {
  return ward.facts.networks.flatMap((network) => findBridge(network, ward));
}
