import type { Attributes } from '../attribute.ts';
import {
  IFLA_BRPORT_GROUP_FWD_MASK,
  IFLA_BRPORT_ISOLATED,
  IFLA_BRPORT_LEARNING,
  IFLA_BRPORT_MODE,
  IFLA_BRPORT_NEIGH_SUPPRESS,
  IFLA_BRPORT_PROXYARP,
} from '../linux/if_link.ts';
import type { MessageBody } from '../message-body.ts';

/** How a bridge treats one of its ports. */
export interface PortSettings {
  /** Frames may go back out of the port that they came in on. */
  readonly hairpin?: boolean | undefined;
  /** Frames don't go to other isolated ports. */
  readonly isolated?: boolean | undefined;
  /** The source addresses of frames that come in on the port are learnt. */
  readonly learning?: boolean | undefined;
  /** ARP requests that come in on the port are answered from the host's neighbours, and no frame is flooded to it. */
  readonly proxyArp?: boolean | undefined;
  /** ARP requests and neighbour solicitations for who is behind the port are answered, and not flooded to it. */
  readonly neighSuppress?: boolean | undefined;
  /** Which frames to 01:80:c2:00:00:0X that come in on the port are forwarded, by bit X. Linux refuses bit 1. */
  readonly groupFwdMask?: number | undefined;
}

/** Writes the settings of a port of a bridge, within IFLA_INFO_SLAVE_DATA. */
export function putPort(body: MessageBody, port: PortSettings): void {
  body
    .put(IFLA_BRPORT_MODE, port.hairpin)
    .put(IFLA_BRPORT_ISOLATED, port.isolated)
    .put(IFLA_BRPORT_LEARNING, port.learning)
    .put(IFLA_BRPORT_PROXYARP, port.proxyArp)
    .put(IFLA_BRPORT_NEIGH_SUPPRESS, port.neighSuppress)
    .put(IFLA_BRPORT_GROUP_FWD_MASK, port.groupFwdMask);
}

/** Decodes IFLA_INFO_SLAVE_DATA of a port of a bridge. What this kernel doesn't have is 0 or false. */
export function decodePort(port: Attributes): Required<PortSettings> {
  return {
    hairpin: port.get(IFLA_BRPORT_MODE),
    isolated: port.get(IFLA_BRPORT_ISOLATED),
    learning: port.get(IFLA_BRPORT_LEARNING),
    proxyArp: port.get(IFLA_BRPORT_PROXYARP),
    neighSuppress: port.get(IFLA_BRPORT_NEIGH_SUPPRESS),
    groupFwdMask: port.get(IFLA_BRPORT_GROUP_FWD_MASK),
  };
}
