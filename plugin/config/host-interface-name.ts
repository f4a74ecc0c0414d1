import { firstGiven } from './first-given.ts';
import type { BridgeJson } from './generated/validate-config.ts';
import { linkNameFault, type Request } from './request.ts';
import { invalidConfig, shown } from './schema-check.ts';

/** What stands around the eight digits of an attachment in the name of its host veth. */
export interface NamePattern {
  readonly before: string;
  readonly after: string;
}

/** Stands for the digits. */
const place = '{id}';

/**
 * The name that a host veth is to have, whole or as a pattern, from the first of the four sources that has one;
 * undefined if none has.
 * @throws CniError code 7 if no link can have it, or if the configuration, which serves several containers, has a whole
 * one
 */
export function readHostInterfaceName(
  { args, runtimeConfig, hostInterfaceName }: BridgeJson,
  request: Request,
): string | NamePattern | undefined {
  const ofAll = 'hostInterfaceName';
  const { hostInterfaceName: argument } = request.arguments;
  // Almost always there is nothing to read.
  if ((hostInterfaceName ?? argument ?? args ?? runtimeConfig) === undefined) return undefined;
  const [where, text] =
    firstGiven([
      ['runtimeConfig.hostInterfaceName', runtimeConfig?.hostInterfaceName],
      ['args.cni.hostInterfaceName', args?.cni?.hostInterfaceName],
      ['CNI_ARGS HOST_INTERFACE_NAME', argument],
      [ofAll, hostInterfaceName],
    ]) ?? [];
  if (where === undefined || text === undefined) return undefined;
  const fault = linkNameFault(text.replace(place, '01234567'));
  if (fault !== undefined) throw invalidConfig(`${where}: ${shown(text)} ${fault}`);
  const at = text.indexOf(place);
  if (at >= 0) {
    const after = text.slice(at + place.length);
    if (after.includes(place))
      throw invalidConfig(`${where}: must have ${place} in it once, not ${shown(text)}`);
    return { before: text.slice(0, at), after };
  }
  if (where !== ofAll) return text;
  const instead = 'a whole name is for args.cni, CNI_ARGS or runtimeConfig';
  throw invalidConfig(
    `${where}: must have ${place} in it, not ${shown(text)}: it serves many containers; ${instead}`,
  );
}
