import type { Attachment } from '../../cni/attachment.ts';
import type { Result } from '../../cni/result.ts';
import type { Version } from '../../cni/version.ts';
import { type DelegateCall, delegateAdd, findPlugin, runDelegate } from '../../ipam/delegate.ts';
import { gcLeases } from '../../ipam/host-local/gc.ts';
import {
  addLeases,
  checkLeases,
  delLeases,
  findLeases,
  type LeasePlan,
  planLeases,
} from '../../ipam/host-local/host-local.ts';
import type { HostLocalRequest } from '../../ipam/host-local/request.ts';
import { hostLocalStatus } from '../../ipam/host-local/status.ts';
import type { IP } from '../../netlink/ip.ts';
import type { IpamConfig, ValidAttachment } from '../config/bridge-config.ts';

/** Where the addresses of a network come from. */
export interface Ipam {
  /** Checks its part of the configuration before anything is touched. */
  validate(): void;
  add(): Result;
  /** How many addresses an attachment has at least. */
  readonly least: number;
  /** The addresses that the attachment holds, as far as that is known without asking another program. */
  held(): IP[];
  del(): void;
  check(): void;
  /** Ends every lease of the network that belongs to none of these. */
  gc(valid: readonly ValidAttachment[]): void;
  /** Fails where an ADD could not be given an address now. */
  status(): void;
}

/**
 * The IPAM that a configuration names: host-local in process, any other as a program from CNI_PATH.
 * @throws CniError from its methods
 */
export function openIpam(
  { type, hostLocal, ipRanges, requestedIPs }: IpamConfig,
  cniVersion: Version,
  attachment: Attachment,
  call: DelegateCall,
  warn: (line: string) => void,
): Ipam {
  if (type !== 'host-local') {
    return {
      validate: () => void findPlugin(type, call.path),
      add: () => delegateAdd(type, call),
      least: 1,
      held: () => [],
      del: () => void runDelegate(type, 'DEL', call),
      check: () => void runDelegate(type, 'CHECK', call),
      gc: () => void runDelegate(type, 'GC', call),
      status: () => void runDelegate(type, 'STATUS', call),
    };
  }
  const request: HostLocalRequest = {
    attachment,
    config: hostLocal,
    ipRanges,
    requestedIPs,
    cniVersion,
    warn,
  };
  let plan: LeasePlan | undefined;
  return {
    validate() {
      plan = planLeases(request);
    },
    add: () => addLeases(request, plan),
    // One of each range set.
    least: ipRanges.length + (hostLocal.ranges?.length ?? 0) + (hostLocal.subnet === undefined ? 0 : 1),
    held: () => findLeases(request),
    del: () => void delLeases(request),
    check: () => checkLeases(request),
    gc: (valid) => void gcLeases(request, valid),
    status: () => hostLocalStatus(request),
  };
}
