import { libc } from '#libc';
import { hash64 } from '../../cni/hash.ts';
import type { Result } from '../../cni/result.ts';

import { hex } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { findPortOf } from '../../netlink/route/bridge-fdb.ts';
import { removeLink } from '../../netlink/route/delete-link.ts';
import { findLinks, type Link } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { parseMac } from '../config/mac.ts';
import { linkNameFault } from '../config/request.ts';
import { isAliasOf } from './owner.ts';

/**
 * The names that an attachment's host veth may have, which begin as the Go plugin's do; it is given the first that is
 * free. The alias tells whose a link is; the name only tells where to look, so that nobody has to go through all links
 * of the host.
 * @param owner the attachment's label
 */
export function vethNames(owner: string): string[] {
  const hash = hash64(owner);
  const ring = hash + hash;
  return [0, 8, 4, 12].map((at) => `veth${ring.slice(at, at + 8)}`);
}

/**
 * A locally administered MAC address for a port of a bridge, higher than nearly all others': a bridge that was given no
 * address of its own takes the lowest of its ports'.
 */
export function randomPortMac(): string {
  return `fe:${hex(libc.randomBytes(5), ':')}`;
}

/** A name of the same kind for a veth that belongs to no attachment. */
export function randomVethName(): string {
  return `veth${hex(libc.randomBytes(4))}`;
}

/**
 * Deletes the host veth that bears an attachment's label, for when its container's end is out of reach.
 * @param bridgeName the name of its bridge
 * @param previous what the ADD answered, where that is known
 * @returns whether there was one
 * @throws NetlinkError
 */
export function removeHostVeth(
  host: Connection,
  owner: string,
  bridgeName: string,
  previous: Result | undefined,
): boolean {
  const names = vethNames(owner);
  const listed = (previous?.interfaces ?? []).filter(
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
 * Looks for a veth that had one of its attachment's names and has it no more. Almost always it is gone with its
 * namespace, and going through all links would be for nothing; if somebody has renamed it, its bridge still knows it by
 * its MAC address.
 * @returns undefined where the bridge cannot tell
 */
function findByMac(host: Connection, bridge: Link | undefined, mac: string | undefined): Link[] | undefined {
  if (bridge === undefined || mac === undefined) return undefined;
  try {
    const port = findPortOf(host, bridge, mac);
    return port === undefined ? [] : findLinks(host, [port]);
  } catch (error) {
    // EINVAL and ENODEV: the bridge is gone since.
    if (isErrno(error, 'EOPNOTSUPP', 'EINVAL', 'ENODEV')) return undefined;
    throw error;
  }
}

/** An earlier version gave random names, and somebody may have renamed it. */
function listAliased(host: Connection, owner: string): Link[] {
  const indexes = listLinks(host, { kind: 'veth' }, (link) =>
    isAliasOf(owner, link.alias) ? link.index : undefined,
  );
  return findLinks(host, indexes);
}
