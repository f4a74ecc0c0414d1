import { bridgeWith, dual, gateway, layer2 } from '../fragments.ts';
import type { Row } from '../row.ts';

/** What exists before the ADD, and what else is on the bridge. */
export const surroundings: readonly Row[] = [
  { name: 'second container', conf: gateway, second: true },
  { name: 'second container, IPv4 and IPv6', conf: { ...gateway, ipam: dual }, second: true },
  { name: 'second container, layer 2 only', conf: layer2, second: true },
  { name: 'a bridge that is there and down', conf: gateway, before: 'ip link add br0 type bridge' },
  { name: 'a bridge with the gateway address', conf: gateway, before: bridgeWith('10.1.0.1/24') },
  { name: 'interface name of 15 bytes', ifname: 'abcdefghij12345', conf: gateway },
  { name: 'container ID of 128 characters', containerID: 'c'.repeat(128), conf: { ipMasq: true } },
  {
    name: 'IPv6 off in the container',
    conf: { ipam: dual },
    before:
      'ip netns exec c1 sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
  },
];
