import type { Result } from '../../cni/result.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import type { Command } from '../config/request.ts';
import type { Ipam } from './ipam.ts';

/**
 * Answers as the IPAM plugin host-local, for another plugin that delegates to it.
 * @param deliver gets an ADD's result; if it fails, the leases are released
 * @throws CniError
 */
export function hostLocal(
  command: Command,
  config: NetworkConfig,
  ipam: Ipam,
  deliver: (result: Result) => void,
): void {
  if (command === 'DEL') ipam.del();
  else if (command === 'CHECK') ipam.check();
  else if (command === 'GC') ipam.gc(config.validAttachments);
  else if (command === 'STATUS') ipam.status();
  else addAndDeliver(ipam, deliver);
}

function addAndDeliver(ipam: Ipam, deliver: (result: Result) => void): void {
  const lease = ipam.planAdd();
  const result = lease.run();
  try {
    deliver(result);
  } catch (error) {
    lease.undo();
    throw error;
  }
}
