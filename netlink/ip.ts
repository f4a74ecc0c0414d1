import { be32, concat, getBe32 } from './bytes.ts';

/** AF_INET and AF_INET6. */
export const family = { ipv4: 2, ipv6: 10 } as const;

export type Family = (typeof family)[keyof typeof family];

/** An address as a number. */
export interface IP {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with its prefix length. */
export interface CIDR {
  readonly ip: IP;
  readonly prefix: number;
}

/** The number of bits in a family's addresses. */
export function width(of: Family): number {
  return of === family.ipv4 ? 32 : 128;
}

function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    const byte = Number(part);
    // Only the printed form: a leading zero means octal to some parsers, and is refused as in Go.
    if (!(byte >= 0 && byte <= 255) || String(byte) !== part) return undefined;
    value = value * 256 + byte;
  }
  return BigInt(value);
}

/** The 16-bit groups on one side of `::`; an IPv4 address at the end counts as two. */
function parseGroups(text: string, mayEndInIPv4: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? '';
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`));
      continue;
    }
    const tail = mayEndInIPv4 && index === parts.length - 1 ? parseIPv4(part) : undefined;
    if (tail === undefined) return undefined;
    groups.push(tail >> 16n, tail & 0xffffn);
  }
  return groups;
}

function parseIPv6(text: string): bigint | undefined {
  const [left = '', right, ...rest] = text.split('::');
  if (rest.length > 0) return undefined;
  const head = parseGroups(left, right === undefined);
  const tail = parseGroups(right ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of head) value = (value << 16n) | group;
  value <<= 16n * BigInt(missing);
  for (const group of tail) value = (value << 16n) | group;
  return value;
}

/** Parses an address; undefined if the text isn't one. */
export function parseIP(text: string): IP | undefined {
  const ipv4 = parseIPv4(text);
  if (ipv4 !== undefined) return { family: family.ipv4, value: ipv4 };
  const value = text.includes(':') ? parseIPv6(text) : undefined;
  if (value === undefined) return undefined;
  // An IPv4-mapped address is the IPv4 address (RFC 4291, 2.5.5.2).
  if (value >> 32n === 0xffffn) return { family: family.ipv4, value: value & 0xffffffffn };
  return { family: family.ipv6, value };
}

/** Parses `address/length`; undefined if the text isn't that. */
export function parseCIDR(text: string): CIDR | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const ip = parseIP(address);
  if (ip === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  return prefix <= width(ip.family) ? { ip, prefix } : undefined;
}

function formatIPv6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  // The first of the longest runs of at least two zeros is left out.
  let [start, length] = [0, 1];
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (groups[to] === '0') to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** Formats an address: dotted, or compressed lower-case (RFC 5952). */
export function formatIP(ip: IP): string {
  const bytes = ipBytes(ip);
  return ip.family === family.ipv4 ? bytes.join('.') : formatIPv6(bytes);
}

/** Formats `address/length`. */
export function formatCIDR({ ip, prefix }: CIDR): string {
  return `${formatIP(ip)}/${prefix}`;
}

/** The subnet of an address: its host bits cleared. */
export function subnetOf({ ip, prefix }: CIDR): CIDR {
  const hostBits = BigInt(width(ip.family) - prefix);
  return { ip: { family: ip.family, value: (ip.value >> hostBits) << hostBits }, prefix };
}

/** The last address of an address's subnet. */
export function lastOf(cidr: CIDR): IP {
  const { ip, prefix } = subnetOf(cidr);
  return { family: ip.family, value: ip.value + (1n << BigInt(width(ip.family) - prefix)) - 1n };
}

/** Whether an address is in the subnet of `cidr`. */
export function contains(cidr: CIDR, ip: IP): boolean {
  return (
    ip.family === cidr.ip.family && subnetOf({ ip, prefix: cidr.prefix }).ip.value === subnetOf(cidr).ip.value
  );
}

/** Whether two are the same address. */
export function sameIP(a: IP, b: IP): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Whether two are the same address with the same prefix length. */
export function sameCIDR(a: CIDR, b: CIDR): boolean {
  return a.prefix === b.prefix && sameIP(a.ip, b.ip);
}

/** The address `distance` higher. */
export function next(ip: IP, distance = 1n): IP {
  return { family: ip.family, value: ip.value + distance };
}

/** 4 or 16 bytes in network byte order. */
export function ipBytes({ family: of, value }: IP): Uint8Array {
  if (of === family.ipv4) return be32(Number(value));
  const words = [value >> 96n, value >> 64n, value >> 32n, value];
  return concat(words.map((word) => be32(Number(word & 0xffffffffn))));
}

/** The address of 4 or 16 bytes in network byte order; undefined for another length. */
export function ipOfBytes(bytes: Uint8Array | undefined): IP | undefined {
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16)) return undefined;
  if (bytes.length === 4) return { family: family.ipv4, value: BigInt(getBe32(bytes, 0)) };
  let value = 0n;
  for (let at = 0; at < 16; at += 4) value = (value << 32n) | BigInt(getBe32(bytes, at));
  return { family: family.ipv6, value };
}
