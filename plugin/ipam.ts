import type { Attachment } from '../ipam/config.ts';
import { CniError, errorCode } from '../ipam/error.ts';
import {
  addLeases,
  delLeases,
  findLeases,
  type HostLocalRequest,
  validateHostLocal,
} from '../ipam/host-local.ts';
import type { Result } from '../ipam/result.ts';
import type { IpamConfig } from './config.ts';

/** Where the addresses of an attachment come from. */
export interface Ipam {
  add(): Result;
  /** The addresses that the attachment holds, as far as that is known without asking another program. */
  held(): string[];
  del(): void;
}

/**
 * The IPAM that a configuration names, its own part of the configuration checked.
 * @throws CniError code 7 for a bad configuration, 2 for a type that is not known
 */
export function openIpam(
  { type, hostLocal, ipRanges, requestedIPs }: IpamConfig,
  attachment: Attachment,
  warn: (line: string) => void,
): Ipam {
  if (type !== 'host-local') {
    throw new CniError(
      errorCode.unsupportedField,
      'unsupported field in the configuration',
      `ipam.type: "${type}"; this version knows host-local`,
    );
  }
  const request: HostLocalRequest = { attachment, config: hostLocal, ipRanges, requestedIPs, warn };
  return {
    add() {
      return addLeases(request);
    },
    held() {
      return findLeases(request);
    },
    del() {
      delLeases(request);
    },
  };
}

/** Checks an IPAM's part of a configuration before anything is touched. */
export function validateIpam(config: IpamConfig, attachment: Attachment): void {
  openIpam(config, attachment, () => undefined);
  const { hostLocal, ipRanges, requestedIPs } = config;
  validateHostLocal({ attachment, config: hostLocal, ipRanges, requestedIPs, warn: () => undefined });
}
