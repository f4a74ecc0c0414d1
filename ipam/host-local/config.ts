import type { Route } from '../../cni/result.ts';

/** A route as written in the configuration. */
export interface RouteConfig extends Omit<Route, 'dst' | 'gw'> {
  readonly dst: string;
  readonly gw?: string;
}

/** A subnet to lease from, as written in the configuration. */
export interface RangeConfig {
  readonly subnet: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
  readonly gateway?: string;
  /** Addresses and subnets that are leased only by request. The Go host-local ignores it. */
  readonly exclude?: readonly string[];
}

/** host-local's configuration, its types checked, its addresses still text. */
export interface HostLocalConfig extends Partial<RangeConfig> {
  readonly ranges?: readonly (readonly RangeConfig[])[];
  readonly routes?: readonly RouteConfig[];
  readonly resolvConf?: string;
  readonly dataDir?: string;
  /**
   * Whether a requested address may be outside its range, but in the subnet. False by default. The Go host-local ignores
   * it.
   */
  readonly requestOutsideRange?: boolean;
  /** Whether a pod or a container gets the addresses again that it had last. False by default; as above. */
  readonly sticky?: boolean;
  /**
   * Whether leases from before this boot give way (see `reclaim.ts`): to the same container, to a request for that
   * address, and when a range set has no free address. True by default. The Go host-local ignores it.
   */
  readonly reclaimAfterReboot?: boolean;
}
