import { linkSync, mkdirSync, readdirSync, renameSync, unlinkSync } from '#files';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { encodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { readFile } from '../../netlink/file.ts';
import { type CIDR, formatCIDR } from '../../netlink/ip.ts';
import { decodeConfig } from '../../plugin/config/json.ts';
import { pluginParts } from '../facts/configurations.ts';
import { checkFile, type Finding } from '../validate/check.ts';
import { look, removeTree, syncDirectory, writeNewText } from './place.ts';
import type { State } from './state.ts';

/** What was written where. */
interface Written {
  readonly path: string;
  readonly text: string;
}

/** What is to be written. */
export interface Conflist extends Written {
  /** The runtime's directory, and the file's name in it. */
  readonly directory: string;
  readonly name: string;
}

/** A plugin's part with the ranges of its host-local; undefined where that isn't its IPAM. */
function withRanges(part: unknown, subnets: readonly CIDR[], file: string): JsonObject | undefined {
  if (!isObject(part) || !isObject(part.ipam) || part.ipam.type !== 'host-local') return undefined;
  if ('ranges' in part.ipam || 'subnet' in part.ipam)
    throw new Error(`${file}: its ipam has a range already: leave that out, or the pod CIDR`);
  const ranges = subnets.map((subnet) => [{ subnet: formatCIDR(subnet) }]);
  return { ...part, ipam: { ...part.ipam, ranges } };
}

/**
 * A network configuration list with the node's subnets as the ranges of its host-local.
 * @param text the list without them
 * @param file what errors call it
 * @throws Error, CniError if it is no list, has no host-local, or one with ranges
 */
export function fillIn(text: string, subnets: readonly CIDR[], file: string): string {
  if (subnets.length === 0) return text;
  const list = decodeConfig(encodeText(text));
  const parts: unknown[] = Array.isArray(list.plugins) ? list.plugins : [];
  const filled = parts.map((part) => withRanges(part, subnets, file));
  if (filled.every((part) => part === undefined))
    throw new Error(`${file}: no plugin in it has host-local as its ipam, which is to get the pod CIDR`);
  return `${JSON.stringify({ ...list, plugins: parts.map((part, at) => filled[at] ?? part) }, null, 2)}\n`;
}

/** The text of a regular file; undefined for anything else. */
function textOf(path: string): string | undefined {
  return look(path)?.isFile() === true ? readFile(path) : undefined;
}

const recordOf = (state: State): string => `${state.directory}/conflist`;
const asideOf = ({ directory, name }: Pick<Conflist, 'directory' | 'name'>): string =>
  `${directory}/.${name}.cni-bridge`;

/** What this installation has written, or was about to write when it was killed. */
function records(state: State): Written[] {
  return [recordOf(state), `${recordOf(state)}.next`].flatMap((file) => {
    const text = textOf(file);
    if (text === undefined) return [];
    const { path = '', text: written = '' } = Object(JSON.parse(text));
    return [{ path: String(path), text: String(written) }];
  });
}

/** `network "cbr0", of flannel and portmap`: whose a configuration is. */
function whose(text: string): string {
  try {
    const list = decodeConfig(encodeText(text));
    const types = pluginParts(list).map(({ type }) => type);
    return `network "${String(list.name ?? '')}", of ${types.join(' and ')}`;
  } catch {
    return 'not a network configuration';
  }
}

/** Makes sure that the name is free or ours. @returns what has it, if that is ours */
function refuseOthers(state: State, { path, text }: Conflist): string | undefined {
  if (look(path) === undefined) return undefined;
  const found = textOf(path);
  const isOurs = records(state).some((one) => one.path === path && one.text === found);
  if (found !== undefined && (isOurs || found === text)) return found;
  const wasOurs = records(state).some((one) => one.path === path);
  const has = (other: string): string =>
    wasOurs ? 'it was changed since it was installed' : `it is somebody else's: ${whose(other)}`;
  const is = found === undefined ? 'it is not a regular file' : has(found);
  throw new Error(`${path} is not written: ${is}. It stays as it is; --conf-name chooses another name`);
}

/**
 * Writes a list into the runtime's directory, whole and at once.
 * @returns whether anything had to be written
 * @throws Error if another's file has its name; an error whose `code` is the errno's name
 */
export function writeConflist(state: State, conflist: Conflist): boolean {
  const { path, text, directory } = conflist;
  mkdirSync(directory, { mode: 0o755, recursive: true });
  const found = refuseOthers(state, conflist);
  const next = `${recordOf(state)}.next`;
  const before = records(state);
  const record = JSON.stringify({ path, text });
  if (found === text && before.length === 1 && textOf(recordOf(state)) === record) return false;
  writeNewText(state.aside, record);
  renameSync(state.aside, next);
  syncDirectory(state.directory);
  if (found !== text) {
    const aside = asideOf(conflist);
    writeNewText(aside, text);
    // A link fails if somebody was faster.
    if (found === undefined) linkSync(aside, path);
    else renameSync(aside, path);
    removeTree(aside);
    syncDirectory(directory);
  }
  for (const old of before) if (old.path !== path) removeWritten(old);
  renameSync(next, recordOf(state));
  syncDirectory(state.directory);
  return found !== text;
}

/** Removes what was written, and what a kill left of it, unless somebody has changed it. @returns whether it is gone */
function removeWritten({ path, text }: Written): boolean {
  const at = path.lastIndexOf('/');
  const directory = path.slice(0, at);
  if (look(directory) === undefined) return true;
  removeTree(asideOf({ directory, name: path.slice(at + 1) }));
  if (textOf(path) === text) unlinkSync(path);
  syncDirectory(directory);
  return look(path) === undefined;
}

/** Removes the list that an installation has written. @returns the paths of those that somebody has changed since */
export function removeConflists(state: State): string[] {
  const written = records(state);
  for (const one of written) removeWritten(one);
  return [...new Set(written.map(({ path }) => path))].filter((path) => look(path) !== undefined);
}

/** What `cni-bridge validate` says of a list, with the plugins' directory as CNI_PATH. */
export function checkConflist({ path, text }: Conflist, binDir: string): Finding[] {
  return checkFile({ file: path, text, cniPath: [binDir] });
}

/** Other networks in the runtime's directory, in its order, each with whose it is. */
export function otherNetworks({ directory, name }: Conflist): string[] {
  try {
    return readdirSync(directory)
      .filter((one) => /\.(conf|conflist|json)$/.test(one) && one !== name)
      .sort();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
