import { libc } from '#libc';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { findPlugin } from '../../ipam/delegate.ts';
import { decodeText, encodeText } from '../../netlink/bytes.ts';
import type { PluginPart } from '../facts/configurations.ts';

/** The attachment that is tried, as plugins are told of it. */
export interface Trial {
  readonly containerID: string;
  readonly ifname: string;
  /** Path of the throwaway namespace, that other processes can open. */
  readonly netns: string;
  readonly cniPath: readonly string[];
}

/** This very executable, whatever name it has. */
const ownExecutable = '/proc/self/exe';
const milliseconds = 120_000;
const outputLimit = 4 * 1024 * 1024;

/** What a plugin's error object says, or whatever else it printed. */
function errorText(type: string, printed: string): string {
  try {
    const json: unknown = JSON.parse(printed);
    if (isObject(json) && typeof json.msg === 'string') {
      const { msg, details, code } = json;
      return `${type}: ${[msg, details].filter((one) => one).join(': ')} (code ${String(code)})`;
    }
  } catch {
    // Not JSON: it is quoted.
  }
  return `${type}: printed ${printed.trim() === '' ? 'nothing' : JSON.stringify(printed.slice(0, 200))}`;
}

/** Plugins called one after another, as a runtime calls those of a list. */
export class Chain {
  private result: JsonObject | undefined;

  constructor(
    private readonly parts: readonly PluginPart[],
    private readonly trial: Trial,
  ) {}

  private call(command: string, { type, json }: PluginPart): string {
    const { containerID, ifname, netns, cniPath } = this.trial;
    const ended = libc.run({
      file: type === 'bridge' ? ownExecutable : findPlugin(type, cniPath),
      args: [],
      variables: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerID,
        CNI_IFNAME: ifname,
        CNI_NETNS: netns,
        CNI_PATH: cniPath.join(':'),
        CNI_ARGS: '',
      },
      stdin: encodeText(
        JSON.stringify(this.result === undefined ? json : { ...json, prevResult: this.result }),
      ),
      outputLimit,
      milliseconds,
      stderr: 'inherit',
    });
    const printed = decodeText(ended.stdout);
    if (ended.status !== 0) throw new Error(errorText(type, printed));
    return printed;
  }

  /** @returns the last plugin's result @throws Error in the words of the plugin that fails */
  add(): JsonObject {
    for (const part of this.parts) {
      const printed: unknown = JSON.parse(this.call('ADD', part));
      if (!isObject(printed)) throw new Error(`${part.type}: its result is not an object`);
      this.result = printed;
    }
    return this.result ?? {};
  }

  /** @throws Error in the words of the plugin that fails */
  check(): void {
    for (const part of this.parts) this.call('CHECK', part);
  }

  /** The last first. @throws Error in the words of the first that fails, when all were called */
  delete(): void {
    let first: unknown;
    for (const part of this.parts.toReversed()) {
      try {
        this.call('DEL', part);
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  }
}
