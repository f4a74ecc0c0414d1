import type { CIDR, IP } from '../netlink/ip.ts';

/** An address of a result with its subnet's prefix length, its gateway, and the index of its link in `interfaces`. */
export interface IPConfig {
  readonly address: CIDR;
  readonly gateway?: IP;
  readonly interface?: number;
}

/** A route of a result. Absent fields are left to the kernel. */
export interface Route {
  readonly dst: CIDR;
  readonly gw?: IP;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** The resolver's settings, as `resolv.conf` has them. */
export interface DNS {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** A link of a result; `sandbox` is the path of its network namespace, absent on the host. */
export interface Interface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

/**
 * An ADD's result in no version's shape ("Success" in SPEC.md 1.1.0): `parseResult` reads it from JSON, `formatResult`
 * prints it for a version.
 */
export interface Result {
  readonly interfaces: readonly Interface[];
  readonly ips: readonly IPConfig[];
  readonly routes: readonly Route[];
  readonly dns: DNS;
}
