import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { newFdbEntry } from '../../netlink/route/bridge-fdb.ts';
import { getPort } from '../../netlink/route/bridge-port.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { PortSettings } from '../../netlink/route/port-settings.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';

/** The options that are a setting of the port, beside hairpinMode and portIsolation. */
const optionNames = ['learning', 'proxyArp', 'neighSuppress', 'groupFwdMask'] as const;

type PortOptions = Pick<BridgeConfig, (typeof optionNames)[number]>;

/** Whether any of the port's own options is set. */
export function hasPortOptions(config: PortOptions): boolean {
  return !config.learning || config.proxyArp || config.neighSuppress || config.groupFwdMask !== 0;
}

/** The settings that a new port doesn't have anyway; undefined if there are none. */
export function portSettings(config: BridgeConfig): PortSettings | undefined {
  const settings = { hairpin: config.hairpinMode || undefined, isolated: config.portIsolation || undefined };
  if (hasPortOptions(config)) {
    return {
      ...settings,
      learning: config.learning ? undefined : false,
      proxyArp: config.proxyArp || undefined,
      neighSuppress: config.neighSuppress || undefined,
      groupFwdMask: config.groupFwdMask || undefined,
    };
  }
  return settings.hairpin || settings.isolated ? settings : undefined;
}

/** An option that is set, and that a port doesn't have as it is set. */
interface Differing {
  readonly name: (typeof optionNames)[number];
  readonly expected: string;
  readonly found: string;
}

/** The options that are set and that a port has otherwise. */
export function differingOptions(config: PortOptions, found: Required<PortSettings>): Differing[] {
  return optionNames.flatMap((name) => {
    const expected = config[name];
    const isSet = name === 'learning' ? !expected : Boolean(expected);
    if (!isSet || expected === found[name]) return [];
    return [{ name, expected: String(expected), found: String(found[name]) }];
  });
}

/**
 * Completes a port with options: sees to it that the kernel has taken them, and if it is to learn no address gives it the
 * container's, since the bridge would flood what is sent there to all its ports.
 * @param mac the container's
 * @throws CniError code 50 with the option that the kernel lacks; NetlinkError
 */
export function completePort(
  host: Connection,
  port: Pick<Link, 'index' | 'name'>,
  mac: string,
  config: PortOptions,
): void {
  const live = getPort(host, port);
  const [lacking] = live === undefined ? [] : differingOptions(config, live);
  if (lacking !== undefined) {
    const details =
      "this kernel's bridges have no such setting of a port, which Linux 4.15 and later ones have";
    throw new CniError(errorCode.notAvailable, `${lacking.name} is not available`, details);
  }
  if (!config.learning) host.execute(newFdbEntry(port, mac));
}
