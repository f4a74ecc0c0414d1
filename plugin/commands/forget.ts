import { CniError, errorCode } from '../../cni/error.ts';
import type { Releasing } from '../../ipam/host-local/request.ts';
import type { Connection } from '../../netlink/connection.ts';
import { forgetConnections } from '../netfilter/forget-connections.ts';
import type { Operation } from './operation.ts';
import type { Steps } from './steps.ts';

/**
 * What a DEL or a GC does with addresses before others may have them; undefined without `forgetConnections`. A kernel
 * that can't is no reason for them to fail: an ADD would have. The phase around it is `ipam`.
 * @param netfilter undefined if the kernel has no nfnetlink
 */
export function forgetting(
  { config, warn, begin }: Pick<Operation, 'config' | 'warn' | 'begin'>,
  netfilter: Connection | undefined,
  steps: Steps,
): Releasing | undefined {
  if (!config.forgetConnections || netfilter === undefined) return undefined;
  const forget = (addresses: Parameters<Releasing>[0]): void => {
    try {
      forgetConnections(netfilter, addresses);
    } catch (error) {
      if (!(error instanceof CniError) || error.code !== errorCode.notAvailable) throw error;
      warn(error.message);
    }
  };
  return (addresses) => {
    begin?.('netfilter');
    steps.attempt(() => forget(addresses));
    begin?.('ipam');
  };
}
