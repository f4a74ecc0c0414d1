import {
  type CIDR,
  contains,
  type Family,
  family,
  formatCIDR,
  type IP,
  parseCIDR,
  parseIP,
  sameIP,
  subnetOf,
} from '../../netlink/ip.ts';
import type { BridgeJson } from './generated/validate-config.ts';
import type { Reading } from './reading.ts';
import { invalidConfig, shown } from './schema-check.ts';

/** How traffic that leaves a container's subnet is masqueraded. */
export interface MasqueradeConfig {
  /** Undefined chooses by what the kernel can do. */
  readonly ipMasqBackend: 'nftables' | 'iptables' | undefined;
  /** The families that are masqueraded. */
  readonly ipMasqFamilies: readonly Family[];
  /** The address that a family's traffic gets; without one, that of the link it leaves by. */
  readonly outboundAddresses: readonly IP[];
  /** Destinations whose traffic keeps its source. */
  readonly noMasquerade: readonly CIDR[];
}

type Keys = Pick<BridgeJson, 'ipMasq' | 'ipMasqFamilies' | 'outboundAddresses' | 'noMasquerade'>;

/**
 * Reads the keys of masquerading.
 * @throws CniError code 7
 */
export function readMasquerade(reading: Reading, json: BridgeJson): MasqueradeConfig {
  const families = json.ipMasqFamilies?.map((name) => family[name]);
  const outbound = reading.unlessIgnored(() => readOutbound(json, families));
  const spared = reading.unlessIgnored(() => json.noMasquerade?.map(readDestination));
  reading.unlessIgnored(() => refuseWithoutMasquerade(json));
  return {
    ipMasqBackend: json.ipMasqBackend,
    ipMasqFamilies: families ?? [family.ipv4, family.ipv6],
    outboundAddresses: outbound ?? [],
    noMasquerade: spared ?? [],
  };
}

/** The addresses that are masqueraded. */
export function masqueraded(
  addresses: readonly CIDR[],
  { ipMasqFamilies }: Pick<MasqueradeConfig, 'ipMasqFamilies'>,
): CIDR[] {
  return addresses.filter(({ ip }) => ipMasqFamilies.includes(ip.family));
}

function refuseWithoutMasquerade(json: Keys): void {
  if (json.ipMasq === true) return;
  const key = (['ipMasqFamilies', 'outboundAddresses', 'noMasquerade'] as const).find(
    (one) => json[one] !== undefined,
  );
  if (key !== undefined)
    throw invalidConfig(`${key}: needs ipMasq, which is not true, for ${shown(json[key])}`);
}

/** Addresses that no packet on its way to others may have: unspecified, loopback, link-local, multicast. */
const unsuitable = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
];

function isUnsuitable(ip: IP): boolean {
  return unsuitable.some((text) => {
    const cidr = parseCIDR(text);
    return cidr !== undefined && contains(cidr, ip);
  });
}

function readOutbound(
  { outboundAddresses: texts = [] }: Keys,
  families: readonly Family[] | undefined,
): IP[] {
  const found: IP[] = [];
  for (const [index, text] of texts.entries()) {
    const where = `outboundAddresses[${index}]`;
    const ip = parseIP(text);
    if (ip === undefined || isUnsuitable(ip)) {
      throw invalidConfig(`${where}: must be an address that other hosts can answer to, not ${shown(text)}`);
    }
    if (found.some((one) => one.family === ip.family)) {
      throw invalidConfig(`${where}: must be of another family than ${shown(texts[0])}, not ${shown(text)}`);
    }
    if (families?.includes(ip.family) === false) {
      throw invalidConfig(`${where}: must be of a family in ipMasqFamilies, not ${shown(text)}`);
    }
    found.push(ip);
  }
  return found;
}

function readDestination(text: string, index: number): CIDR {
  const where = `noMasquerade[${index}]`;
  const cidr = parseCIDR(text);
  if (cidr === undefined) {
    throw invalidConfig(`${where}: must be an IP address with a prefix length, not ${shown(text)}`);
  }
  const subnet = subnetOf(cidr);
  if (!sameIP(subnet.ip, cidr.ip)) {
    throw invalidConfig(
      `${where}: must have no bits set beyond its prefix, as ${formatCIDR(subnet)}, not ${shown(text)}`,
    );
  }
  return cidr;
}
