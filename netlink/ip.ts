import { Address4, Address6 } from 'ip-address';

/** AF_INET and AF_INET6. */
export const family = { ipv4: 2, ipv6: 10 } as const;

export type Family = (typeof family)[keyof typeof family];

/** An address as a number. */
export interface IP {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with the length of its prefix. */
export interface CIDR {
  readonly ip: IP;
  readonly prefix: number;
}

/** How many bits the addresses of a family have. */
export function width(of: Family): number {
  return of === family.ipv4 ? 32 : 128;
}

const ipv4Pattern = /^\d{1,3}(\.\d{1,3}){3}$/;
const ipv6Pattern = /^[0-9a-fA-F:]+(\d{1,3}(\.\d{1,3}){3})?$/;

/** Reads an address; undefined where the text is none. */
export function parseIP(text: string): IP | undefined {
  try {
    if (ipv4Pattern.test(text)) return { family: family.ipv4, value: new Address4(text).bigInt() };
    if (ipv6Pattern.test(text)) {
      const value = new Address6(text).bigInt();
      // An IPv4-mapped address is the IPv4 address (RFC 4291, 2.5.5.2).
      if (value >> 32n === 0xffffn) return { family: family.ipv4, value: value & 0xffffffffn };
      return { family: family.ipv6, value };
    }
  } catch {
    // Neither: the answer is below.
  }
  return undefined;
}

/** Reads `address/length`; undefined where the text is none. */
export function parseCIDR(text: string): CIDR | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const ip = parseIP(address);
  if (ip === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  return prefix <= width(ip.family) ? { ip, prefix } : undefined;
}

/** An address in its usual spelling: dotted, or compressed lower-case (RFC 5952). */
export function formatIP(ip: IP): string {
  return ip.family === family.ipv4
    ? Address4.fromBigInt(ip.value).correctForm()
    : Address6.fromBigInt(ip.value).correctForm();
}

/** `address/length` in the usual spelling. */
export function formatCIDR({ ip, prefix }: CIDR): string {
  return `${formatIP(ip)}/${prefix}`;
}

/** The subnet that an address with a prefix length lies in: its host bits cleared. */
export function subnetOf({ ip, prefix }: CIDR): CIDR {
  const hostBits = BigInt(width(ip.family) - prefix);
  return { ip: { family: ip.family, value: (ip.value >> hostBits) << hostBits }, prefix };
}

/** The last address of the subnet that an address with a prefix length lies in. */
export function lastOf(cidr: CIDR): IP {
  const { ip, prefix } = subnetOf(cidr);
  return { family: ip.family, value: ip.value + (1n << BigInt(width(ip.family) - prefix)) - 1n };
}

/** Whether an address lies in the subnet of `cidr`. */
export function contains(cidr: CIDR, ip: IP): boolean {
  return (
    ip.family === cidr.ip.family && subnetOf({ ip, prefix: cidr.prefix }).ip.value === subnetOf(cidr).ip.value
  );
}

/** The address `distance` further on. */
export function next(ip: IP, distance = 1n): IP {
  return { family: ip.family, value: ip.value + distance };
}

/** 4 or 16 bytes in network byte order. */
export function ipBytes({ family: of, value }: IP): Uint8Array {
  const bytes = new Uint8Array(width(of) / 8);
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The address of 4 or 16 bytes in network byte order; undefined for another length. */
export function ipOfBytes(bytes: Uint8Array | undefined): IP | undefined {
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16)) return undefined;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { family: bytes.length === 4 ? family.ipv4 : family.ipv6, value };
}
