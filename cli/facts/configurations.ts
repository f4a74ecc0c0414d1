import { statSync } from '#files';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { encodeText } from '../../netlink/bytes.ts';
import { messageOf } from '../../netlink/error.ts';
import { readFile } from '../../netlink/file.ts';
import { noArguments } from '../../plugin/config/arguments.ts';
import { type BridgeConfig, readBridgeConfig } from '../../plugin/config/bridge-config.ts';
import { decodeConfig } from '../../plugin/config/json.ts';
import type { Request } from '../../plugin/config/request.ts';
import { namesIn } from './leases.ts';
import type { ConfiguredNetwork } from './raw.ts';

/** A configuration's own words, without a runtime's. */
export const noRequest: Request = {
  command: 'STATUS',
  containerID: '',
  netns: '',
  ifname: '',
  path: [],
  arguments: noArguments,
  allowOwnNamespace: false,
  resultVersion: undefined,
};

/** Decodes a configuration file's text. @throws Error if it is empty; CniError code 6 if it is no JSON object */
export function decodeFile(text: string): JsonObject {
  if (text.trim() === '') throw new Error('the file is empty');
  return decodeConfig(encodeText(text));
}

/** A plugin's part of a configuration file, with the list's name and version in it as a runtime passes it. */
export interface PluginPart {
  readonly type: string;
  readonly json: JsonObject;
  /** Where it stands in the file: `[]`, or `['plugins', 0]`. */
  readonly path: readonly (string | number)[];
}

/** The plugins of a configuration or of a list of them. @param file as `decodeConfig` has read it */
export function pluginParts(file: JsonObject): PluginPart[] {
  const { plugins, name, cniVersion } = file;
  const typeOf = ({ type }: JsonObject): string => (typeof type === 'string' ? type : '');
  if (!Array.isArray(plugins)) return [{ type: typeOf(file), json: file, path: [] }];
  return plugins.flatMap((plugin: unknown, index) => {
    if (!isObject(plugin)) return [];
    const whole = {
      ...plugin,
      ...(name !== undefined && { name }),
      ...(cniVersion !== undefined && { cniVersion }),
    };
    return [{ type: typeOf(plugin), json: whole, path: ['plugins', index] }];
  });
}

/** Reads a plugin's part as the plugin would. @throws CniError */
export function readPart(json: JsonObject): BridgeConfig {
  return readBridgeConfig(encodeText(JSON.stringify(json)), noRequest);
}

/** The bridge networks that a file's plugins describe. */
export function networksOf(file: string, parts: readonly PluginPart[]): ConfiguredNetwork[] {
  return parts.filter(({ type }) => type === 'bridge').map((part) => readPartOf(file, part));
}

function readPartOf(file: string, { json }: PluginPart): ConfiguredNetwork {
  const name = typeof json.name === 'string' ? json.name : '';
  try {
    return { file, name, config: readPart(json), fault: undefined };
  } catch (error) {
    return { file, name, config: undefined, fault: messageOf(error) };
  }
}

function readConfiguration(file: string): ConfiguredNetwork[] {
  try {
    // Opening a FIFO would wait for somebody to write to it.
    if (!statSync(file).isFile()) throw new Error('not a regular file');
    return networksOf(file, pluginParts(decodeFile(readFile(file))));
  } catch (error) {
    const fault = messageOf(error);
    return [{ file, name: '', config: undefined, fault }];
  }
}

/**
 * The bridge networks that the configurations in a directory describe, in the order of their files' names, which is the
 * runtimes'. A file that can't be read stands for a network without a name.
 */
export function readConfigurations(directory: string): ConfiguredNetwork[] {
  return namesIn(directory)
    .filter((name) => /\.(conf|conflist|json)$/.test(name))
    .sort()
    .flatMap((name) => readConfiguration(`${directory}/${name}`));
}
