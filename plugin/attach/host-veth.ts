import { libc } from '#libc';
import type { Result } from '../../cni/result.ts';
import { hashContainerID } from '../../ipam/leases/attachment-index.ts';
import { hex } from '../../netlink/bytes.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { findPortOf } from '../../netlink/route/bridge-fdb.ts';
import { findLinks, type Link, removeLink } from '../../netlink/route/link.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { parseMac } from '../config/mac.ts';
import { linkNameFault } from '../config/request.ts';

/**
 * The names that an attachment's host veth may have, as the Go plugin's begin; it is given the first that is free.
 * Whose a link is, its alias tells. The name tells where to look for it, so that nobody has to go through all links
 * of the host.
 * @param owner the attachment's label
 */
export function vethNames(owner: string): string[] {
  const hash = hashContainerID(owner);
  const ring = hash + hash;
  return [0, 8, 4, 12].map((at) => `veth${ring.slice(at, at + 8)}`);
}

/** A name of the same kind for a veth that is no attachment's. */
export function randomVethName(): string {
  return `veth${hex(libc.randomBytes(4))}`;
}

/**
 * Deletes the host veth that bears an attachment's label, should its container's end be out of reach.
 * @param bridgeName the name of its bridge
 * @param previous what the ADD answered, where that is known
 * @throws NetlinkError
 */
export function removeHostVeth(
  host: Connection,
  owner: string,
  bridgeName: string,
  previous: Result | undefined,
): void {
  const names = vethNames(owner);
  const listed = (previous?.interfaces ?? []).filter(
    ({ name, sandbox }) => sandbox === undefined && name !== bridgeName && linkNameFault(name) === undefined,
  );
  const links = findLinks(host, [...new Set([bridgeName, ...names, ...listed.map(({ name }) => name)])]);
  const isOwn = ({ kind, alias }: Link): boolean => kind === 'veth' && alias === owner;
  let own = links.filter(isOwn);
  if (own.length === 0) {
    const bridge = links.find(({ name }) => name === bridgeName);
    const mac = parseMac(listed.find(({ name }) => names.includes(name))?.mac ?? '');
    own = (findByMac(host, bridge, mac) ?? listAliased(host, owner)).filter(isOwn);
  }
  for (const { name } of own) removeLink(host, name);
}

/**
 * What has become of a veth that had one of its attachment's names and hasn't any more. Almost always it is gone with
 * its namespace, so that going through all links would be for nothing; if somebody has renamed it, its bridge still
 * has it by its MAC address.
 * @returns undefined where there is no telling
 */
function findByMac(host: Connection, bridge: Link | undefined, mac: string | undefined): Link[] | undefined {
  if (bridge === undefined || mac === undefined) return undefined;
  try {
    const port = findPortOf(host, bridge, mac);
    return port === undefined ? [] : findLinks(host, [port]);
  } catch (error) {
    if (isErrno(error, 'EOPNOTSUPP')) return undefined;
    throw error;
  }
}

/** An earlier version gave random names, and somebody may have given any. */
function listAliased(host: Connection, alias: string): Link[] {
  const indexes = listLinks(host, { kind: 'veth' }, (link) =>
    link.alias === alias ? link.index : undefined,
  );
  return findLinks(host, indexes);
}
