import { CniError, errorCode } from '../../cni/error.ts';
import type { Connection } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { findPortOf, newFdbEntry } from '../../netlink/route/bridge-fdb.ts';
import { getPort } from '../../netlink/route/bridge-port.ts';
import type { Link } from '../../netlink/route/link.ts';
import type { PortSettings } from '../../netlink/route/port-settings.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';

/** The options that are a setting of the port, and the setting. */
const options = [
  ['hairpinMode', 'hairpin'],
  ['portIsolation', 'isolated'],
  ['learning', 'learning'],
  ['proxyArp', 'proxyArp'],
  ['neighSuppress', 'neighSuppress'],
  ['groupFwdMask', 'groupFwdMask'],
] as const;

type OptionName = (typeof options)[number][0];

/** Those that the Go plugin doesn't have, and older kernels neither. */
type PortOptions = Pick<BridgeConfig, Exclude<OptionName, 'hairpinMode' | 'portIsolation'>>;

/** Whether any option is set beside hairpinMode and portIsolation. */
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
  readonly name: OptionName;
  readonly expected: string;
  readonly found: string;
}

/** The options that are set and that a port has otherwise. */
export function differingOptions(
  config: Pick<BridgeConfig, OptionName>,
  found: Required<PortSettings>,
): Differing[] {
  return options.flatMap(([name, setting]) => {
    const expected = config[name];
    const isSet = name === 'learning' ? !expected : Boolean(expected);
    const live = found[setting];
    return !isSet || expected === live ? [] : [{ name, expected: String(expected), found: String(live) }];
  });
}

/**
 * The options that are set and that the kernel has otherwise for a port.
 * @throws NetlinkError
 */
export function changedOptions(
  host: Connection,
  port: Pick<Link, 'index' | 'name'>,
  config: BridgeConfig,
): Differing[] {
  const live = portSettings(config) === undefined ? undefined : getPort(host, port);
  return live === undefined ? [] : differingOptions(config, live);
}

/**
 * Whether a bridge forwards frames for a MAC address to this port. Linux before 5.0 can't be asked; there it does.
 * @throws NetlinkError
 */
export function isForwardedTo(
  host: Connection,
  bridge: Pick<Link, 'index' | 'name'>,
  port: Pick<Link, 'index'>,
  mac: string,
): boolean {
  try {
    return findPortOf(host, bridge, mac) === port.index;
  } catch (error) {
    if (isErrno(error, 'EOPNOTSUPP')) return true;
    throw error;
  }
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
  config: BridgeConfig,
): void {
  const [lacking] = changedOptions(host, port, config);
  if (lacking !== undefined) {
    const details =
      "this kernel's bridges have no such setting of a port, which Linux 4.15 and later ones have";
    throw new CniError(errorCode.notAvailable, `${lacking.name} is not available`, details);
  }
  if (!config.learning) host.execute(newFdbEntry(port, mac));
}
