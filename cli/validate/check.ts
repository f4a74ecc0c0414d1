import { CniError } from '../../cni/error.ts';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { supportedVersions } from '../../cni/version.ts';
import { findPlugin } from '../../ipam/delegate.ts';
import { type Range, readRangeSets } from '../../ipam/host-local/ranges.ts';
import { messageOf } from '../../netlink/error.ts';
import { contains, family, formatCIDR, formatIP } from '../../netlink/ip.ts';
import { ipv6MinMtu } from '../../plugin/attach/container.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import { isBridgeJson, keysAt } from '../../plugin/config/generated/validate-config.ts';
import { checkSchema } from '../../plugin/config/schema-check.ts';
import { nearest } from '../../plugin/config/spelling.ts';
import { decodeFile, type PluginPart, pluginParts, readPart } from '../facts/configurations.ts';
import { findKeys, findPath, type KeyPlace, type Position, positionOf } from './places.ts';

/** Something that validation has to say. */
export interface Finding {
  /** An error keeps the network from working; a warning is what was probably meant otherwise; a note is neither. */
  readonly severity: 'error' | 'warning' | 'note';
  /** Undefined where it is of the whole file. */
  readonly position: Position | undefined;
  readonly text: string;
}

/** Keys of a plugin's part that are the runtime's. */
const runtimeKeys = ['capabilities', '$schema'];
/** Keys of a list. */
const listKeys = [
  'cniVersion',
  'cniVersions',
  'name',
  'disableCheck',
  'disableGC',
  'loadOnlyInlinedPlugins',
  'plugins',
];

/** The findings of one file, in the order of their places. */
class Findings {
  readonly list: Finding[] = [];
  readonly keys: readonly KeyPlace[];
  /** Keys of which an error is told. */
  private readonly wrong = new Set<string>();

  constructor(private readonly text: string) {
    this.keys = findKeys(text);
  }

  /** @param path of the key that it is about, empty for the whole file */
  add(severity: Finding['severity'], path: readonly string[], text: string): void {
    const key = findPath(this.keys, path);
    const position = key && positionOf(this.text, key.at);
    const isTold =
      (severity === 'error' && this.wrong.has(path.join('.'))) ||
      this.list.some((one) => one.text === text && one.position?.line === position?.line);
    if (severity === 'error' && path.length > 0) this.wrong.add(path.join('.'));
    if (!isTold) this.list.push({ severity, position, text });
  }

  /** An error in the plugin's own words, whose first is the key: `ipam.ranges[0]: ...`. */
  addError(error: unknown, above: readonly string[]): void {
    const text = error instanceof CniError ? error.details || error.msg : String(error);
    const reason = text.replace(/^invalid (IPAM )?configuration: /, '');
    const [, dotted = ''] = /^([\w.[\]-]+)(?:, [\w.]+)*:/.exec(reason) ?? [];
    const path = dotted.split(/[.[\]]+/).filter((step) => step !== '');
    const isDirect = findPath(this.keys, [...above, ...path])?.key === path.at(-1);
    this.add('error', isDirect ? [...above, ...path] : this.anywhere(above, path), reason);
  }

  /** The path of a key by its name alone, below another. */
  anywhere(above: readonly string[], path: readonly string[]): readonly string[] {
    const isBelow = (one: KeyPlace): boolean => above.every((step, at) => one.above[at] === step);
    const found = this.keys.find((one) => one.key === path.at(-1) && isBelow(one));
    return found === undefined ? above : [...found.above, found.key];
  }
}

/** `ipam.ranges[][]` of `['ipam', 'ranges', '0', '0']`. */
function placeOf(path: readonly string[]): string {
  return path.reduce(
    (whole, step) => (/^\d+$/.test(step) ? `${whole}[]` : whole === '' ? step : `${whole}.${step}`),
    '',
  );
}

function checkKeys(findings: Findings, part: PluginPart): void {
  const above = part.path.map(String);
  const { ipam } = part.json;
  const knowsIpam = isObject(ipam) && ipam.type === 'host-local';
  for (const { key, above: own } of findings.keys) {
    if (above.some((step, at) => own[at] !== step)) continue;
    const place = placeOf(own.slice(above.length));
    const known = keysAt.get(place);
    if (known === undefined || (place.startsWith('ipam') && !knowsIpam)) continue;
    const isKnown = known.some((one) => one.toLowerCase() === key.toLowerCase());
    if (isKnown || (place === '' && runtimeKeys.includes(key))) continue;
    tellUnknown(findings, [...own, key], known);
  }
}

function tellUnknown(findings: Findings, path: readonly string[], known: readonly string[]): void {
  const key = path.at(-1) ?? '';
  const meant = nearest(key, known);
  if (meant === undefined) findings.add('note', path, `${key}: unknown, and so without effect`);
  else findings.add('warning', path, `${key}: unknown, did you mean ${meant}?`);
}

/** What an ADD or a container would fail at. */
function checkRange(
  findings: Findings,
  { subnet, gateway }: Range,
  { mtu = ipv6MinMtu }: BridgeConfig,
  above: readonly string[],
): void {
  const text = formatCIDR(subnet);
  if (!contains(subnet, gateway)) {
    const words = `gateway: ${formatIP(gateway)} is not in subnet ${text}, so that no container reaches it`;
    findings.add('warning', findings.anywhere([...above, 'ipam'], ['gateway']), words);
  }
  if (subnet.ip.family === family.ipv6 && mtu < ipv6MinMtu) {
    const words = `mtu: must be ${ipv6MinMtu} or more for the IPv6 subnet ${text}, not ${mtu}`;
    findings.add('error', [...above, 'mtu'], words);
  }
}

function checkRanges(findings: Findings, config: BridgeConfig, above: readonly string[]): void {
  const { ipam, cniVersion } = config;
  if (ipam?.type !== 'host-local') return;
  const warn = (line: string): void => findings.add('warning', [...above, 'ipam'], line);
  try {
    const sets = readRangeSets({ config: ipam.hostLocal, ipRanges: [], cniVersion, warn });
    for (const range of sets.flat()) checkRange(findings, range, config, above);
  } catch (error) {
    findings.addError(error, [...above, 'ipam']);
  }
}

function checkBridge(findings: Findings, part: PluginPart): void {
  const above = part.path.map(String);
  checkKeys(findings, part);
  let isRight = true;
  checkSchema(part.json, isBridgeJson, (path, reason) => {
    isRight = false;
    findings.add('error', [...above, ...path], reason);
    return path.length > 0 && path[0] !== '';
  });
  if (!isRight) return;
  try {
    // A name that is missing is told already.
    checkRanges(findings, readPart({ ...part.json, name: part.json.name || 'network' }), above);
  } catch (error) {
    findings.addError(error, above);
  }
}

function checkExecutables(
  findings: Findings,
  { type, json, path }: PluginPart,
  cniPath: readonly string[],
): void {
  const above = path.map(String);
  const { ipam } = json;
  const ipamType = isObject(ipam) && typeof ipam.type === 'string' ? ipam.type : '';
  // The bridge leases addresses itself where the type is host-local.
  const isOwn = type === 'bridge' && ipamType === 'host-local';
  const wanted: [string, string[]][] = [[type, [...above, 'type']]];
  if (ipamType !== '' && !isOwn) wanted.push([ipamType, [...above, 'ipam', 'type']]);
  for (const [name, where] of wanted) {
    try {
      findPlugin(name, cniPath);
    } catch (error) {
      const words = error instanceof CniError ? error.msg : String(error);
      findings.add('error', where, name === '' ? 'type: is missing' : words);
    }
  }
}

function checkList(findings: Findings, file: JsonObject, isList: boolean): void {
  const { plugins, name, cniVersion } = file;
  if (typeof name !== 'string' || name === '') findings.add('error', ['name'], 'name: is missing');
  if (typeof cniVersion === 'string' && !supportedVersions.some((version) => version === cniVersion)) {
    const known = supportedVersions.join(', ');
    findings.add('error', ['cniVersion'], `cniVersion: "${cniVersion}" is not supported; ${known} are`);
  }
  if (!isList) {
    if (plugins !== undefined)
      findings.add('error', ['plugins'], 'plugins: a list of plugins is a .conflist');
    return;
  }
  if (!Array.isArray(plugins) || plugins.length === 0) {
    findings.add('error', ['plugins'], 'plugins: a .conflist needs a list of one plugin or more');
  }
  for (const { key, above } of findings.keys) {
    const isKnown = above.length > 0 || listKeys.some((one) => one.toLowerCase() === key.toLowerCase());
    if (!isKnown) tellUnknown(findings, [key], listKeys);
  }
}

/** What is to be checked. */
export interface Subject {
  /** Its name's ending says what it has to be. */
  readonly file: string;
  readonly text: string;
  /** The directories of CNI_PATH, in order. */
  readonly cniPath: readonly string[];
}

/**
 * Holds a configuration, or a list of them, against schema and meaning.
 * @returns what there is to say, in the order of the file
 */
export function checkFile({ file, text, cniPath }: Subject): Finding[] {
  let json: JsonObject;
  try {
    json = decodeFile(text);
  } catch (error) {
    return [undecodable(error)];
  }
  const findings = new Findings(text);
  const isList = file.endsWith('.conflist') || (Array.isArray(json.plugins) && !file.endsWith('.conf'));
  checkList(findings, json, isList);
  for (const part of pluginParts(json)) {
    checkExecutables(findings, part, cniPath);
    if (part.type === 'bridge') checkBridge(findings, part);
    else
      findings.add(
        'note',
        [...part.path.map(String), 'type'],
        `${part.type}: another plugin's, only looked for`,
      );
  }
  const order = ({ position }: Finding): number => (position?.line ?? 0) * 1e4 + (position?.column ?? 0);
  return findings.list.sort((a, b) => order(a) - order(b));
}

function undecodable(error: unknown): Finding {
  const text = messageOf(error);
  const [, line, column] = /line (\d+), column (\d+)/.exec(text) ?? [];
  const position = line === undefined ? undefined : { line: Number(line), column: Number(column) };
  return {
    severity: 'error',
    position,
    text: text.replace(/^.*: not JSON at line \d+, column \d+: /, 'not JSON: '),
  };
}
