import type { Attachment } from '../../cni/attachment.ts';
import { concat, text } from '../../netlink/bytes.ts';
import type { Connection, NetlinkRequest, Reply } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { macBytes } from '../../netlink/mac.ts';
import {
  chainOf,
  decodeChain,
  deleteChain,
  getChain,
  hookNumber,
  listChains,
  newChain,
} from '../../netlink/nftables/chain.ts';
import {
  equals,
  immediate,
  meta,
  metaKey,
  payload,
  payloadBase,
  verdictCode,
} from '../../netlink/nftables/expression.ts';
import { commit, nfproto, type Table } from '../../netlink/nftables/message.ts';
import { type Removal, remove } from '../../netlink/nftables/remove.ts';
import { decodeRule, deleteRule, type LiveRule, listRules, newRule } from '../../netlink/nftables/rule.ts';
import { deleteTable, getTable, newTable, tableOf } from '../../netlink/nftables/table.ts';
import { abbreviate, type Kept, networkLabel } from '../attach/owner.ts';
import { isLacking, notAvailable } from './connection.ts';

// The names are those of the Go plugin, so that each can take away what the other made. ebtables has the same table
// and base chain.
const table: Table = { family: nfproto.bridge, name: 'nat' };
const baseChain = 'PREROUTING';
/** NF_BR_PRI_NAT_DST_BRIDGED */
const bridgedNatPriority = -300;
const chainPrefix = 'cni-br-iface-';
const macSuffix = '-mac';
const commentPrefix = 'macspoofchk-';
/** What the table says where it is ours to delete: the Go plugin and ebtables leave theirs without a comment. */
const madeHere = 'made by the CNI bridge plugin for macspoofchk';
/** Leaves room for all else in the name of a chain, which has at most 255 bytes, and in a comment. */
const longestContainerID = 222;
/** IFNAMSIZ */
const linkNameLength = 16;
/** Where the source stands in an Ethernet header, and its length. */
const sourceMac = { offset: 6, length: 6 } as const;
/** How often a transaction is tried again after another plugin's came between. */
const attempts = 20;

/** The chains of an attachment and the comment of each rule that is about it. */
interface Names {
  readonly chain: string;
  readonly macChain: string;
  readonly comment: string;
}

function namesOf({ containerID, ifname }: Omit<Attachment, 'network'>): Names {
  const id = `${abbreviate(containerID, longestContainerID)}-${ifname}`;
  const chain = `${chainPrefix}${id}`;
  return { chain, macChain: `${chain}${macSuffix}`, comment: `${commentPrefix}${id}` };
}

/** The messages that let a port's frames pass by their source address alone. */
export function spoofCheckMessages(attachment: Attachment, port: string, mac: string): NetlinkRequest[] {
  const { chain, macChain, comment } = namesOf(attachment);
  const name = concat([text(port), new Uint8Array(linkNameLength)]).subarray(0, linkNameLength);
  const rules: [string, ...Parameters<typeof newRule>[1]][] = [
    [baseChain, meta(metaKey.iifname), equals(name), immediate(verdictCode.jump, chain)],
    [chain, immediate(verdictCode.jump, macChain)],
    [
      macChain,
      payload(payloadBase.link, sourceMac.offset, sourceMac.length),
      equals(macBytes(mac)),
      immediate(verdictCode.return),
    ],
    [macChain, immediate(verdictCode.drop)],
  ];
  return [
    newChain({ table, name: chain }),
    newChain({ table, name: macChain }),
    ...rules.map(([where, ...expressions]) => newRule({ table, name: where }, expressions, comment)),
  ];
}

/**
 * Drops the frames that come from a port with a source address other than this one.
 * @throws CniError code 50 where the kernel can't; NetlinkError
 */
export function addSpoofCheck(
  connection: Connection,
  attachment: Attachment,
  port: string,
  mac: string,
): void {
  const names = namesOf(attachment);
  for (let attempt = 1; ; attempt++) {
    const [base, ...chains] = connection.exchange([
      getChain({ table, name: baseChain }),
      getChain({ table, name: names.chain }),
      getChain({ table, name: names.macChain }),
    ]);
    const isNew = chainOf(base) === undefined;
    const hook = { type: 'filter', number: hookNumber.prerouting, priority: bridgedNatPriority } as const;
    const first = isNew ? [newTable(table, madeHere), newChain({ table, name: baseChain }, hook)] : [];
    // An attachment of the same names that is no more may have left its chains.
    const isStale = chains.some((reply) => chainOf(reply) !== undefined);
    const stale = isStale ? lookAt(connection, names).own : [];
    try {
      commit(connection, [...first, ...stale, ...spoofCheckMessages(attachment, port, mac)]);
      return;
    } catch (error) {
      if (isLacking(error, isNew)) {
        throw notAvailable('macspoofchk', error, 'CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE');
      }
      if (!isErrno(error, 'ENOENT', 'EEXIST', 'EBUSY') || attempt === attempts) throw error;
    }
  }
}

/**
 * Ends the check of an attachment, whichever plugin set it up. The table goes with its last chain if it was made
 * here.
 * @throws NetlinkError
 */
export function removeSpoofCheck(connection: Connection, attachment: Attachment): void {
  const names = namesOf(attachment);
  remove(connection, () => lookAt(connection, names));
}

function lookAt(connection: Connection, { chain, macChain, comment }: Names): Removal {
  const replies = connection.exchange([
    getTable(table),
    getChain({ table, name: baseChain }),
    getChain({ table, name: chain }),
    getChain({ table, name: macChain }),
  ]);
  const [tableReply, baseReply, ...chainReplies] = replies;
  if (isErrno(tableReply?.error, 'EPERM')) throw tableReply.error;
  const chains = [chain, macChain].filter((_, index) => chainOf(chainReplies[index]) !== undefined);
  const rules = chains.length === 0 ? [] : baseRules(connection).filter((rule) => rule.comment === comment);
  return removal(tableReply, baseReply, rules, chains);
}

/** What to send for these rules of the base chain and these chains to go. */
function removal(
  tableReply: Reply | undefined,
  baseReply: Reply | undefined,
  rules: readonly LiveRule[],
  chains: readonly string[],
): Removal {
  const [there, base] = [tableOf(tableReply), chainOf(baseReply)];
  const own = [
    ...rules.map((rule) => deleteRule(table, rule)),
    ...chains.map((chain) => deleteChain({ table, name: chain })),
  ];
  const unused =
    there?.comment === madeHere &&
    there.use === chains.length + 1 &&
    base?.use === rules.length &&
    base.accepts;
  return { own, whole: unused ? [deleteTable(table)] : undefined };
}

function baseRules(connection: Connection): LiveRule[] {
  const rules = connection.dump(listRules({ table, name: baseChain })).map(decodeRule);
  // On a busy host a dump has one rule in several places.
  return [...new Map(rules.map((rule) => [String(rule.handle), rule])).values()];
}

/**
 * Ends the checks of a network that belong to no attachment any more. The rules don't say which network they are of,
 * but their ports' labels do. A rule whose port is gone is nobody's, whichever network it was of.
 * @param listLabels asks for the host's links by name, each with what its alias says
 * @throws NetlinkError
 */
export function removeStaleSpoofChecks(
  connection: Connection,
  { network, attachments, labels }: Kept,
  listLabels: () => ReadonlyMap<string, string>,
): void {
  remove(connection, (): Removal => {
    const [tableReply, baseReply] = connection.exchange([
      getTable(table),
      getChain({ table, name: baseChain }),
    ]);
    if (isErrno(tableReply?.error, 'EPERM')) throw tableReply.error;
    if (chainOf(baseReply) === undefined) return { own: [] };
    const rules = baseRules(connection).filter(({ comment }) => comment.startsWith(commentPrefix));
    const keptComments = new Set(attachments.map((attachment) => namesOf(attachment).comment));
    // Asked after the rules, each of which was made after its port.
    const ports = rules.length === 0 ? new Map<string, string>() : listLabels();
    const isStale = ({ iifname, comment }: LiveRule): boolean => {
      const label = ports.get(iifname);
      if (label === undefined) return !keptComments.has(comment);
      return label.startsWith(networkLabel(network)) && !labels.has(label);
    };
    const stale = rules.filter(isStale);
    const live = new Set(rules.filter((rule) => !isStale(rule)).map(({ target }) => target));
    const unused = new Set(stale.map(({ target }) => target).filter((target) => !live.has(target)));
    return removal(tableReply, baseReply, stale, withMacChains(connection, unused));
  });
}

/** Those of these chains that are there, each followed by its twin for the address. */
function withMacChains(connection: Connection, names: ReadonlySet<string>): string[] {
  if (names.size === 0) return [];
  const chains = connection.dump(listChains(table)).map(decodeChain);
  const there = new Set(chains.filter((chain) => chain.table === table.name).map(({ name }) => name));
  return [...names]
    .filter((name) => name.startsWith(chainPrefix))
    .flatMap((name) => [name, `${name}${macSuffix}`])
    .filter((name) => there.has(name));
}
