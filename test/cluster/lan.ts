import { makeImage } from '../runtimes/image.ts';
import type { Machine } from '../runtimes/machine.ts';
import { startMachine } from './machines.ts';

/** A machine's addresses on the network that joins the nodes. */
export interface Place {
  readonly v4: string;
  readonly v6: string;
}

/** The machine outside: the nodes' router, with what a cluster has only once. */
export const outside: Place = { v4: '192.168.90.1', v6: 'fd00:90::1' };

/** Where a node is, by its number from 1. */
export function placeOf(node: number): Place {
  return { v4: `192.168.90.${10 + node}`, v6: `fd00:90::${10 + node}` };
}

/** Starts the machine outside, with a bridge for the nodes and a web server that prints its client's address. */
export async function startLan(): Promise<Machine> {
  const lan = await startMachine('outside');
  makeImage(lan.disk);
  await lan.sh(`ip link add lan0 type bridge && ip link set lan0 up
    ip addr add ${outside.v4}/24 dev lan0 && ip addr add ${outside.v6}/64 dev lan0 nodad
    busybox httpd -p 80 -h ${lan.disk}/root/www`);
  return lan;
}

/**
 * Connects a node that has just booted: its link is `up0`, and it forwards, as a node of a cluster has to. The link has
 * the MAC address that it had before, as a machine's has: others may still know it.
 */
export async function join(lan: Machine, node: Machine, number: number): Promise<void> {
  const { v4, v6 } = placeOf(number);
  const port = `port${number}`;
  await lan.sh(`! ip link show ${port} >/dev/null 2>&1 || ip link del ${port} 2>/dev/null || true`);
  await lan.wire(port, node, 'up0');
  await lan.sh(`ip link set ${port} master lan0 up`);
  await node.sh(`ip link set up0 address 02:00:00:00:90:1${number}
    ip addr add ${v4}/24 dev up0 && ip addr add ${v6}/64 dev up0 nodad && ip link set up0 up
    ip route add default via ${outside.v4} && ip -6 route add default via ${outside.v6}
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1`);
}
