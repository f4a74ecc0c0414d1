import type { Attachment } from '../../../cni/attachment.ts';
import { textAt } from '../../../netlink/bytes.ts';
import type { Connection, NetlinkRequest } from '../../../netlink/connection.ts';
import { isErrno } from '../../../netlink/error.ts';
import { chainUseOf, deleteChain, getChain } from '../../../netlink/nftables/chain.ts';
import { paddedName } from '../../../netlink/nftables/expression.ts';
import {
  decodeElements,
  deleteElement,
  type Element,
  getElement,
  listElements,
  newElement,
  type VerdictMap,
} from '../../../netlink/nftables/map.ts';
import { commit, getGeneration } from '../../../netlink/nftables/message.ts';
import { type Removal, remove } from '../../../netlink/nftables/remove.ts';
import { deleteTable, getTable, newTable, tableOf } from '../../../netlink/nftables/table.ts';
import { commitFresh } from '../../../netlink/nftables/transaction.ts';
import { likelyVethNames, type VethClues } from '../../attach/host-veth.ts';
import { type Kept, networkLabel, ownerLabel } from '../../attach/owner.ts';
import { gatewayLinkOf } from '../../attach/vlan-gateway.ts';
import type { BridgeConfig } from '../../config/bridge-config.ts';
import {
  checkNftables,
  isLacking,
  notAvailable,
  withNetfilter,
  withNetfilterIfThere,
} from '../connection.ts';
import type { Lost } from '../lost.ts';
import {
  baseChain,
  baseRules,
  chainOfLink,
  chainsOfLink,
  isolationTable,
  ledgerOf,
  linkMessages,
  linkOfLedger,
  linkRuleCount,
  maps,
  refillMessages,
  refusedChain,
  strictMessages,
  tableMessages,
  tableParts,
} from './table.ts';

const needs = 'CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET';

/** An attachment of an isolated network. */
export interface Isolated {
  readonly attachment: Attachment;
  /** Name of its host veth. */
  readonly port: string;
  /** The link that the network's packets come in on: the bridge, or its VLAN's gateway. */
  readonly link: string;
  /** Whether from every other bridge, instead of other isolated networks. */
  readonly isStrict: boolean;
}

/** An attachment to isolate as its network's configuration says. */
export function isolatedOf(attachment: Attachment, port: string, config: BridgeConfig): Isolated {
  return { attachment, port, link: gatewayLinkOf(config), isStrict: config.isolate === 'strict' };
}

/** What there is of what an attachment needs. */
interface State {
  readonly hasTable: boolean;
  /** Whether the rules of the table are gone, its chains are not. */
  readonly isFlushed: boolean;
  readonly hasLink: boolean;
  readonly isStrict: boolean;
  /** Its own element. */
  readonly port: Element | undefined;
}

function look(connection: Connection, { port, link }: Isolated): State {
  const element = (map: VerdictMap): NetlinkRequest => getElement(map, paddedName(link));
  const replies = connection.exchange([
    getGeneration(),
    getChain(baseChain),
    getChain(refusedChain),
    getChain(chainOfLink(link)),
    element(maps.links),
    element(maps.isolated),
    element(maps.strict),
    getElement(maps.ports, paddedName(port)),
  ]);
  const [kernel, ...chains] = replies;
  if (isErrno(kernel?.error, 'EPERM')) throw kernel.error;
  if (kernel?.error !== undefined) throw notAvailable('isolate', kernel.error, needs);
  const [base, refused, from] = chains.map(chainUseOf);
  const [inLinks, inIsolated, inStrict, own] = replies
    .slice(4)
    .map(({ messages }) => messages.flatMap((message) => decodeElements(message))[0]);
  const isStrict = inStrict !== undefined;
  const hasLink = from !== undefined && inLinks !== undefined && inIsolated !== undefined;
  return {
    hasTable: base !== undefined,
    // The uses of the last two are rules and an element each at least.
    isFlushed:
      base !== undefined &&
      (base < baseRules || (hasLink && ((refused ?? 0) < 2 || from < linkRuleCount(isStrict) + 1))),
    hasLink,
    isStrict,
    port: own,
  };
}

/** The links in the table. */
function listLinks(connection: Connection): { name: string; isStrict: boolean }[] {
  const [links = [], strict = []] = [maps.links, maps.strict].map((map) =>
    connection
      .collect(listElements(map), (message) => decodeElements(message))
      .flat()
      .map(({ key }) => textAt(key, 0, key.length)),
  );
  return [...new Set(links)].map((name) => ({ name, isStrict: strict.includes(name) }));
}

function missingMessages(connection: Connection, isolated: Isolated, state: State): NetlinkRequest[] {
  const { attachment, port, link, isStrict } = isolated;
  const key = paddedName(port);
  const own = { key, chain: ledgerOf(link).name, comment: ownerLabel(attachment) };
  const hasPort = state.port?.comment === own.comment && state.port.chain === own.chain;
  // An attachment that is gone may have left an element of the name.
  const stale = state.port !== undefined && !hasPort ? [deleteElement(maps.ports, key)] : [];
  return [
    ...(state.hasTable ? [] : tableMessages()),
    ...(state.isFlushed ? refillMessages(listLinks(connection)) : []),
    ...(state.hasLink ? [] : linkMessages(link, isStrict)),
    ...(state.hasLink && isStrict && !state.isStrict ? strictMessages(link) : []),
    ...stale,
    ...(hasPort ? [] : [newElement(maps.ports, own)]),
  ];
}

/**
 * Isolates an attachment's network from others. Sends only what is missing.
 * @throws CniError code 50 if the kernel can't; NetlinkError
 */
export function addIsolation(connection: Connection, isolated: Isolated): void {
  let isSelfContained = false;
  const messages = (): NetlinkRequest[] => {
    const state = look(connection, isolated);
    isSelfContained = !state.hasTable;
    return missingMessages(connection, isolated, state);
  };
  commitFresh(connection, messages, (error) => {
    if (isLacking(error, isSelfContained)) throw notAvailable('isolate', error, needs);
    return isErrno(error, 'ENOENT', 'EEXIST', 'EBUSY');
  });
}

/**
 * Checks that the kernel has what isolation needs, by a transaction that it must refuse: nothing is changed.
 * @throws CniError code 50; NetlinkError
 */
export function checkIsolation(): void {
  checkNftables('isolate');
  const table = { ...isolationTable, name: `${isolationTable.name}-probe` };
  try {
    withNetfilter((connection) =>
      commit(connection, [newTable(table), deleteChain({ table, name: 'none' })]),
    );
  } catch (error) {
    if (isLacking(error, false)) throw notAvailable('isolate', error, needs);
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** Removes what `find` returns of {@link maps.ports}, and what only these elements needed. */
function removeElements(connection: Connection, find: () => readonly Element[]): void {
  const known = new Set<string>();
  remove(connection, (): Removal => {
    const [reply] = connection.exchange([getTable(isolationTable)]);
    if (isErrno(reply?.error, 'EPERM')) throw reply.error;
    const live = tableOf(reply);
    if (live === undefined) return { own: [] };
    const stale = find();
    // Kept between looks: another DEL may have left a link to this one.
    for (const { chain } of stale) known.add(chain);
    const ledgers = [...known];
    const uses = connection
      .exchange(ledgers.map((name) => getChain({ table: isolationTable, name })))
      .map(chainUseOf);
    const unused = ledgers.flatMap((name, index) => {
      const link = linkOfLedger(name);
      const isUnused = uses[index] === stale.filter(({ chain }) => chain === name).length;
      return isUnused && link !== undefined ? [link] : [];
    });
    const own = stale.map(({ key }) => deleteElement(maps.ports, key));
    const isLast = live.use === tableParts + chainsOfLink * unused.length;
    const whole = [...own, ...unused.flatMap((link) => linkRemoval(connection, link))];
    if (isLast) whole.push(deleteTable(isolationTable));
    return { own, whole: unused.length > 0 || isLast ? whole : undefined };
  });
}

function linkRemoval(connection: Connection, link: string): NetlinkRequest[] {
  const key = paddedName(link);
  const all = [maps.links, maps.isolated, maps.strict];
  const replies = connection.exchange(all.map((map) => getElement(map, key)));
  return [
    ...all.flatMap((map, index) => (replies[index]?.error === undefined ? [deleteElement(map, key)] : [])),
    deleteChain(chainOfLink(link)),
    deleteChain(ledgerOf(link)),
  ];
}

/**
 * Ends an attachment's part in the isolation of its network, and the isolation with the last of them. Called after its
 * veth is gone, so that no packet of it passes meanwhile.
 * @param clues to the veth's name
 * @throws NetlinkError
 */
export function removeIsolation(connection: Connection, attachment: Attachment, clues: VethClues): void {
  const owner = ownerLabel(attachment);
  const names = likelyVethNames(owner, clues);
  let isNamed = false;
  removeElements(connection, () => {
    const found = connection
      .exchange(names.map((name) => getElement(maps.ports, paddedName(name))))
      .flatMap(({ messages }) => messages.flatMap((message) => decodeElements(message)))
      .filter(({ comment }) => comment === owner);
    isNamed ||= found.length > 0;
    // Its veth may have had a name that nothing tells any more.
    return isNamed ? found : listPorts(connection, (comment) => comment === owner);
  });
}

/** The elements of {@link maps.ports} with these comments. */
function listPorts(connection: Connection, isWanted: (comment: string) => boolean): Element[] {
  const found = connection.collect(listElements(maps.ports), (message) => decodeElements(message, isWanted));
  // On a busy host a dump may return an element more than once.
  return [...new Map(found.flat().map((element) => [String(element.key), element])).values()];
}

/**
 * The same for a network's attachments but those to keep.
 * @throws NetlinkError
 */
export function removeStaleIsolation(connection: Connection, { network, labels }: Kept): void {
  const prefix = networkLabel(network);
  const isStale = (comment: string): boolean => comment.startsWith(prefix) && !labels.has(comment);
  removeElements(connection, () => listPorts(connection, isStale));
}

/**
 * What is missing of an attachment's isolation; undefined if nothing is.
 * @throws NetlinkError, CniError
 */
export function lostIsolation(isolated: Isolated): Lost | undefined {
  const { attachment, link, isStrict } = isolated;
  const state = withNetfilterIfThere((connection) => connection && look(connection, isolated));
  const isWhole = state?.hasLink === true && !state.isFlushed && (state.isStrict || !isStrict);
  const hasPort = state?.port?.comment === ownerLabel(attachment);
  if (isWhole && hasPort && state.port?.chain === ledgerOf(link).name) return undefined;
  return {
    what: `isolate of network ${attachment.network}`,
    expected: `${link} and ${isolated.port} in the maps of table inet ${isolationTable.name}, with their rules`,
    found: state?.hasTable === true ? 'only part of it' : 'no such table',
  };
}
