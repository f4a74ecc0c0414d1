import { CniError, errorCode } from '../../cni/error.ts';
import { openRoute } from '../../netlink/connection.ts';
import { isErrno } from '../../netlink/error.ts';
import { deleteLink } from '../../netlink/route/link.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { checkNftables } from '../netfilter/connection.ts';
import { checkMasquerade } from '../netfilter/masquerade/masquerade.ts';
import type { Ipam } from './ipam.ts';

/** No link can have this name, so deleting it is refused with ENODEV, or with EPERM where we may change nothing. */
const impossibleLink = '/';

/**
 * Fails where an ADD could not succeed now ("STATUS" in SPEC.md).
 * @throws CniError code 50, or the delegate's
 */
export function status(config: BridgeConfig, ipam: Ipam | undefined): void {
  const connection = openRoute();
  try {
    const [reply] = connection.exchange([deleteLink(impossibleLink)]);
    if (isErrno(reply?.error, 'EPERM')) {
      throw new CniError(errorCode.notAvailable, 'links cannot be changed', 'EPERM: CAP_NET_ADMIN is needed');
    }
  } finally {
    connection.close();
  }
  if (config.macspoofchk) checkNftables('macspoofchk');
  if (config.ipMasq && ipam !== undefined) checkMasquerade(config.ipMasqBackend);
  ipam?.status();
}
