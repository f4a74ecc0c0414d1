import { libc } from '#libc';
import { hash64 } from '../../cni/hash.ts';
import { hex } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { findPortOf } from '../../netlink/route/bridge-fdb.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { findLinks, type Link } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import type { NamePattern } from '../config/host-interface-name.ts';
import { parseMac } from '../config/mac.ts';
import { linkNameFault } from '../config/request.ts';
import { isAliasOf } from './owner.ts';

/**
 * The names that an attachment's host veth may have, with the Go plugin's prefix; it gets the first that is free. The
 * alias says who owns a link. The name only says where to look, so that nobody has to search all links of the host.
 * @param owner the attachment's label
 */
export function vethNames(owner: string, { before, after }: NamePattern = byDefault): string[] {
  const hash = hash64(owner);
  const ring = hash + hash;
  return [0, 8, 4, 12].map((at) => `${before}${ring.slice(at, at + 8)}${after}`);
}

const byDefault: NamePattern = { before: 'veth', after: '' };

/**
 * The names under which an attachment's host veth most probably is: those by default, that of the ADD's result, and
 * those of the configuration. hostInterfaceName may have been another in the ADD.
 */
export function likelyVethNames(
  owner: string,
  { bridge, hostInterfaceName: given, prevResult }: VethClues,
): string[] {
  const names = vethNames(owner);
  // An ADD's result has the bridge, then the host veth.
  const second = prevResult?.interfaces[1];
  if (second !== undefined && second.sandbox === undefined && prevResult?.interfaces[0]?.name === bridge) {
    const { name } = second;
    if (!names.includes(name) && linkNameFault(name) === undefined) names.push(name);
  }
  if (typeof given === 'string') names.push(given);
  else if (given !== undefined) names.push(...vethNames(owner, given));
  return names;
}

/** What tells where to look for a host veth. */
export type VethClues = Pick<BridgeConfig, 'bridge' | 'hostInterfaceName' | 'prevResult'>;

const portMacPrefix = 'fe:';

/**
 * A locally administered MAC address for a bridge port, higher than nearly all others: a bridge without an address of
 * its own takes the lowest of its ports'.
 */
export function randomPortMac(): string {
  return `${portMacPrefix}${hex(libc.randomBytes(5), ':')}`;
}

/** Whether a bridge may have taken this MAC address from a host veth, and so may soon have another. */
export function isPortMac(mac: string): boolean {
  return mac.startsWith(portMacPrefix);
}

/** A name of the same kind for a veth that belongs to no attachment. */
export function randomVethName(): string {
  return `veth${hex(libc.randomBytes(4))}`;
}

/**
 * Deletes the host veth with an attachment's label, for when the container's end can't be reached.
 * @returns whether there was one
 * @throws NetlinkError
 */
export function removeHostVeth(host: Connection, owner: string, clues: VethClues): boolean {
  const { bridge: bridgeName, prevResult } = clues;
  const names = likelyVethNames(owner, clues);
  const listed = (prevResult?.interfaces ?? []).filter(
    ({ name, sandbox }) => sandbox === undefined && name !== bridgeName && linkNameFault(name) === undefined,
  );
  const links = findLinks(host, [...new Set([bridgeName, ...names, ...listed.map(({ name }) => name)])]);
  const isOwn = ({ kind, alias }: Link): boolean => kind === 'veth' && isAliasOf(owner, alias);
  let own = links.filter(isOwn);
  if (own.length === 0) {
    const bridge = links.find(({ name }) => name === bridgeName);
    const mac = parseMac(listed.find(({ name }) => names.includes(name))?.mac ?? '');
    own = (findByMac(host, bridge, mac) ?? listAliased(host, owner)).filter(isOwn);
  }
  for (const link of own) removeLink(host, link);
  return own.length > 0;
}

/**
 * Looks for a veth that no longer has any of its attachment's names. Almost always it is gone with its namespace, and
 * searching all links would be in vain; if somebody renamed it, its bridge still knows its MAC address.
 * @returns undefined if the bridge cannot tell
 */
function findByMac(host: Connection, bridge: Link | undefined, mac: string | undefined): Link[] | undefined {
  if (bridge === undefined || mac === undefined) return undefined;
  try {
    const port = findPortOf(host, bridge, mac);
    return port === undefined ? [] : findLinks(host, [port]);
  } catch (error) {
    // EINVAL and ENODEV: the bridge has gone since.
    if (isErrno(error, 'EOPNOTSUPP', 'EINVAL', 'ENODEV')) return undefined;
    throw error;
  }
}

/** An earlier version used random names, and somebody may have renamed it. */
function listAliased(host: Connection, owner: string): Link[] {
  const indexes = listLinks(host, { kind: 'veth' }, (link) =>
    isAliasOf(owner, link.alias) ? link.index : undefined,
  );
  return findLinks(host, indexes);
}
