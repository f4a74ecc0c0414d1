import { attachmentOf } from '../../cni/attachment.ts';
import type { CniError } from '../../cni/error.ts';
import type { Result } from '../../cni/result.ts';
import { type DelegateCall, delegateAdd, findPlugin, runDelegate } from '../../ipam/delegate.ts';
import { addLeases } from '../../ipam/host-local/add.ts';
import { gcLeases } from '../../ipam/host-local/gc.ts';
import { checkLeases, delLeases, findLeases } from '../../ipam/host-local/host-local.ts';
import { planLeases } from '../../ipam/host-local/plan.ts';
import type { HostLocalRequest, Releasing } from '../../ipam/host-local/request.ts';
import { hostLocalStatus } from '../../ipam/host-local/status.ts';
import type { IP } from '../../netlink/ip.ts';
import type { NetworkConfig, ValidAttachment } from '../config/network-config.ts';
import type { Request } from '../config/request.ts';

/** An ADD whose IPAM configuration has been checked. */
export interface PlannedAdd {
  /** Gets the addresses; none stays leased if it fails. */
  run(): Result;
  /** Gives them back. */
  undo(): void;
}

/** Where the addresses of a network come from. */
export interface Ipam {
  /** Checks the IPAM configuration, and changes nothing. */
  planAdd(): PlannedAdd;
  /** The fewest addresses that an attachment has. */
  readonly minimumAddresses: number;
  /** The attachment's addresses, as far as they are known without running another program. */
  held(): IP[];
  /** @param releasing is called if it is known which addresses are released */
  del(releasing?: Releasing): void;
  check(): void;
  /** Ends every lease of the network that belongs to none of these attachments; without a list, none. */
  gc(valid: readonly ValidAttachment[] | undefined, releasing?: Releasing): void;
  /** Fails if neither a DEL nor a GC could make an ADD succeed. */
  status(): void;
}

/**
 * The configuration's IPAM: host-local in process, any other as a program from CNI_PATH. Undefined for layer 2 only.
 * @param stdin what a delegate gets
 * @throws CniError from its methods
 */
export function openIpam(
  config: NetworkConfig,
  request: Request,
  stdin: Uint8Array,
  warn: (line: string) => void,
): Ipam | undefined {
  if (config.ipam === undefined) return undefined;
  const { type, hostLocal, ipRanges, requestedIPs, fault } = config.ipam;
  if (fault !== undefined) return unusable(fault);
  if (type !== 'host-local') return openDelegate(type, { path: request.path, stdin });
  return openHostLocal({
    attachment: attachmentOf(config.name, request),
    config: hostLocal,
    ipRanges,
    requestedIPs,
    pod: request.arguments.pod,
    cniVersion: config.cniVersion,
    warn,
  });
}

/** The IPAM of a DEL or a GC whose `ipam` is unusable: everything fails. */
function unusable(fault: CniError): Ipam {
  const fail = (): never => {
    throw fault;
  };
  return {
    planAdd: fail,
    minimumAddresses: 1,
    held: () => [],
    del: fail,
    check: fail,
    gc: fail,
    status: fail,
  };
}

function openDelegate(type: string, call: DelegateCall): Ipam {
  const run = (command: string) => (): void => void runDelegate(type, command, call);
  return {
    planAdd() {
      findPlugin(type, call.path);
      return { run: () => delegateAdd(type, call), undo: run('DEL') };
    },
    minimumAddresses: 1,
    held: () => [],
    del: run('DEL'),
    check: run('CHECK'),
    gc: run('GC'),
    status: run('STATUS'),
  };
}

function openHostLocal(request: HostLocalRequest): Ipam {
  const { config, ipRanges } = request;
  const del = (releasing?: Releasing): void => void delLeases(request, releasing);
  return {
    planAdd() {
      const plan = planLeases(request);
      return { run: () => addLeases(request, plan), undo: del };
    },
    // One of each range set.
    minimumAddresses: ipRanges.length + (config.ranges?.length ?? 0) + (config.subnet === undefined ? 0 : 1),
    held: () => findLeases(request),
    del,
    check: () => checkLeases(request),
    gc(valid, releasing) {
      if (valid !== undefined) gcLeases(request, valid, releasing);
    },
    status: () => hostLocalStatus(request),
  };
}
