import { CniError, errorCode } from '../ipam/error.ts';
import type { Result } from '../ipam/result.ts';
import type { NetworkConfig } from './config.ts';
import { openIpam } from './ipam.ts';
import type { Request } from './request.ts';

/**
 * Answers as the IPAM plugin host-local, for another plugin that delegates to it.
 * @param deliver is given an ADD's result; when it fails, the leases are released
 * @throws CniError
 */
export function hostLocal(
  request: Request,
  config: NetworkConfig,
  warn: (line: string) => void,
  deliver: (result: Result) => void,
): void {
  const { command, containerID, ifname } = request;
  if (config.ipam === undefined) {
    throw new CniError(errorCode.invalidConfig, 'invalid configuration', 'ipam.type is missing');
  }
  const ipam = openIpam(
    { ...config.ipam, type: 'host-local' },
    { network: config.name, containerID, ifname },
    warn,
  );
  if (command === 'DEL') {
    ipam.del();
    return;
  }
  const result = ipam.add();
  try {
    deliver(result);
  } catch (error) {
    ipam.del();
    throw error;
  }
}
