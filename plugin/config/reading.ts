import { CniError } from '../../cni/error.ts';
import { isObject, type JsonObject } from '../../cni/json.ts';
import type { Version } from '../../cni/version.ts';
import { messageOf } from '../../netlink/error.ts';
import { readConfVersion } from './conf-version.ts';
import { keysAt } from './generated/validate-config.ts';
import { decodeConfig, type UnknownKey } from './json.ts';
import type { Request } from './request.ts';
import { invalidConfig } from './schema-check.ts';
import { nearest } from './spelling.ts';

/** What a DEL and a GC need. */
const neededToCleanUp = ['', 'cniVersion', 'name'];
const neededToCollect = [...neededToCleanUp, 'cni.dev/valid-attachments'];

/** A configuration being read for a command. A DEL and a GC ignore every mistake that leaves them able to clean up. */
export class Reading {
  readonly json: JsonObject;
  readonly version: Version;
  readonly request: Request;
  /** Mistakes that were ignored, and keys that an ADD takes for misspelt. */
  readonly ignored: string[] = [];
  private readonly ignoredKeys = new Set<string>();
  private fault: CniError | undefined;
  private readonly isCleanup: boolean;

  /** @throws CniError code 6 if it is not JSON or has a malformed version, 1 for an unsupported version */
  constructor(bytes: Uint8Array, request: Request) {
    this.json = decodeConfig(bytes);
    this.version = readConfVersion(this.json);
    this.request = request;
    this.isCleanup = request.command === 'DEL' || request.command === 'GC';
  }

  /** The mistake that leaves a cleanup without its leases: the error for its IPAM part. */
  get ipamFault(): CniError | undefined {
    return this.fault;
  }

  /** Whether the command can do without what is at `path`; see {@link Tolerate}. */
  readonly tolerate = ([key = '', inner]: readonly string[], reason: string): boolean => {
    if (!this.isCleanup) return false;
    if ((this.request.command === 'GC' ? neededToCollect : neededToCleanUp).includes(key)) return false;
    const isUnknownIpam = key === 'ipam' && [undefined, 'type', 'dataDir'].includes(inner);
    if (isUnknownIpam) this.fault ??= invalidConfig(reason);
    else this.ignored.push(reason);
    this.ignoredKeys.add(key);
    return true;
  };

  /** Takes note, in an ADD, of a key that is nearly a known one. Another IPAM plugin's keys are its own. */
  readonly adviseOn: UnknownKey = (place, key) => {
    if (this.request.command !== 'ADD') return;
    const { ipam } = this.json;
    const isOthers = place.startsWith('ipam') && !(isObject(ipam) && ipam.type === 'host-local');
    const meant = isOthers ? undefined : nearest(key, keysAt.get(place) ?? []);
    if (meant === undefined) return;
    const where = place === '' ? '' : `${place.replaceAll('[]', '')}.`;
    this.ignored.push(`${where}${key}: unknown, did you mean ${meant}?`);
  };

  /** Whether a mistake in or below a top-level key was ignored. */
  isIgnored(key: string): boolean {
    return this.ignoredKeys.has(key);
  }

  /**
   * What `read` returns; undefined if it throws and a cleanup ignores that.
   * @throws CniError of `read`, or code 7 with the message of what it throws
   */
  unlessIgnored<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const reason = messageOf(error);
      if (!this.isCleanup) throw error instanceof CniError ? error : invalidConfig(reason);
      this.ignored.push(reason);
      return undefined;
    }
  }
}
