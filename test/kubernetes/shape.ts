import type { Side } from '../runtimes/plugins.ts';
import type { Networks } from './control-plane.ts';

/** What is tried: kube-proxy's mode, with IPv6 or without. */
export interface Shape {
  readonly mode: 'iptables' | 'nftables';
  readonly dualStack: boolean;
  readonly networks: Networks;
}

/** A shape, and whose plugins connect the pods. */
export interface Trial extends Shape {
  readonly side: Side;
}

const single: Networks = { pods: ['10.244.0.0/16'], services: ['10.96.0.0/16'] };
const dual: Networks = {
  pods: [...single.pods, 'fd00:244::/48'],
  services: [...single.services, 'fd00:96::/112'],
};

/** All shapes, by the names that MODE takes. */
export const shapes: Readonly<Record<string, Shape>> = {
  iptables: { mode: 'iptables', dualStack: false, networks: single },
  nftables: { mode: 'nftables', dualStack: false, networks: single },
  'iptables-dual': { mode: 'iptables', dualStack: true, networks: dual },
  'nftables-dual': { mode: 'nftables', dualStack: true, networks: dual },
};
