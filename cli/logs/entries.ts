import { closeSync, constants, openSync, readSync } from '#files';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { concat, decodeText } from '../../netlink/bytes.ts';

/** A call, as its line in the file that `debug` names tells of it. */
export interface Entry {
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly command: string;
  readonly network: string;
  readonly container: string;
  readonly ifname: string;
  readonly ms: number;
  /** The phase that took longest, and how long; undefined where there was none. */
  readonly slowest: { readonly name: string; readonly ms: number } | undefined;
  /** Of an ADD that succeeded. */
  readonly addresses: readonly string[];
  /** `no free address: ... (code 11)`; empty where the call succeeded. */
  readonly error: string;
  readonly warnings: readonly string[];
}

const newline = 0x0a;
const chunkSize = 64 * 1024;

/**
 * The lines of a file, one after another: it may be larger than the memory.
 * @throws an error whose `code` is the errno's name
 */
export function* linesOf(path: string): Generator<string> {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    let begun: Uint8Array[] = [];
    for (;;) {
      const chunk = new Uint8Array(chunkSize);
      const filled = chunk.subarray(0, readSync(fd, chunk));
      let from = 0;
      for (let end = filled.indexOf(newline); end >= 0; end = filled.indexOf(newline, from)) {
        yield decodeText(concat([...begun, filled.subarray(from, end)]));
        begun = [];
        from = end + 1;
      }
      begun.push(filled.subarray(from));
      if (filled.length > 0) continue;
      const rest = concat(begun);
      if (rest.length > 0) yield decodeText(rest);
      return;
    }
  } finally {
    closeSync(fd);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function objectIn(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function texts(value: unknown, read: (item: unknown) => unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.map((item) => text(read(item))).filter((one) => one !== '');
}

function slowestOf(phases: JsonObject): Entry['slowest'] {
  const found = Object.entries(phases).flatMap(([name, ms]) =>
    typeof ms === 'number' ? [{ name, ms }] : [],
  );
  return found.sort((a, b) => b.ms - a.ms)[0];
}

/** Results below 0.3.0 have one address of each family. */
function addressesOf({ ips, ip4, ip6 }: JsonObject): string[] {
  const flat = texts([ip4, ip6], (one) => objectIn(one).ip);
  return [...texts(ips, (one) => objectIn(one).address), ...flat];
}

function errorOf(error: unknown): string {
  if (error === undefined) return '';
  const { msg, details, code } = objectIn(error);
  return `${[text(msg), text(details)].filter((one) => one !== '').join(': ')} (code ${String(code)})`;
}

/** Reads a line; undefined where it is none of a call's. */
export function parseEntry(line: string): Entry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const time = Date.parse(text(json.time));
  if (Number.isNaN(time) || typeof json.ms !== 'number') return undefined;
  return {
    time,
    command: text(json.command),
    network: text(json.network),
    container: text(json.container),
    ifname: text(json.interface),
    ms: json.ms,
    slowest: slowestOf(objectIn(json.phases)),
    addresses: addressesOf(objectIn(json.result)),
    error: errorOf(json.error),
    warnings: texts(json.warnings, (one) => one),
  };
}
