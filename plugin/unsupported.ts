import { CniError, errorCode } from '../ipam/error.ts';
import type { BridgeConfig } from './config.ts';

/**
 * Refuses the options that no step carries out: better no network than one without what was asked for.
 *
 * @throws CniError code 2 that names key and value
 */
export function refuseUnsupported(config: BridgeConfig): void {
  const { vlan, vlanTrunk } = config;
  const asked: Readonly<Record<string, unknown>> = {
    vlan: vlan === 0 ? undefined : vlan,
    vlanTrunk,
  };
  for (const [key, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    throw new CniError(
      errorCode.unsupportedField,
      'unsupported field in the configuration',
      `${key}: ${JSON.stringify(value)}`,
    );
  }
}
