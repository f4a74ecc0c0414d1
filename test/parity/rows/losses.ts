import { endNamespace, gateway } from '../fragments.ts';
import type { Row } from '../row.ts';

/** What CHECK detects, and what DEL finds. */
export const losses: readonly Row[] = [
  { name: 'CHECK: the address is gone', conf: gateway, tamper: 'ip -n c1 addr flush dev eth0' },
  { name: 'CHECK: a route is gone', conf: { isDefaultGateway: true }, tamper: 'ip -n c1 route del default' },
  { name: 'CHECK: another MAC', tamper: 'ip -n c1 link set eth0 address 02:00:00:00:00:01' },
  { name: 'CHECK: no port of the bridge', tamper: 'ip link set $(ls /sys/class/net | grep ^veth) nomaster' },
  { name: 'CHECK: the bridge is gone', tamper: 'ip link del br0' },
  { name: 'CHECK: promiscuous', tamper: 'ip link set br0 promisc on' },
  { name: 'CHECK: the lease is gone', code: 3, tamper: 'rm /var/lib/cni/networks/net/10.1.0.2' },
  { name: 'CHECK: one more address is fine', tamper: 'ip -n c1 addr add 10.5.0.1/24 dev eth0' },

  { name: 'DEL: the namespace is gone', conf: gateway, gone: endNamespace },
  { name: 'DEL: the namespace is gone, masqueraded', conf: { ipMasq: true }, gone: endNamespace },
  { name: 'DEL: the link is gone', conf: { ipMasq: true }, gone: 'ip -n c1 link del eth0' },
  { name: 'DEL: the lease is gone', conf: { ipMasq: true }, gone: 'rm /var/lib/cni/networks/net/10.1.0.2' },
  { name: 'DEL: the bridge is gone', conf: gateway, gone: 'ip link del br0' },
];
