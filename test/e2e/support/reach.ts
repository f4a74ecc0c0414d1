import type { Host } from '../../support/host.ts';

/** Waits until no address is tentative: before that its neighbours get no answer. */
export const settle = (host: Host, netns: string): string =>
  host.sh(`while ip -6 addr show tentative | grep -q inet6 || ip -n ${netns} -6 addr show tentative | grep -q inet6
    do sleep 0.01; done`);

/** Whether a ping of each address is answered within so many seconds: a neighbour's first may take two. */
export function reaches(host: Host, from: string, addresses: readonly string[], seconds = 10): boolean[] {
  settle(host, from);
  return addresses.map(
    (to) => host.run(['ip', 'netns', 'exec', from, 'ping', '-c1', `-W${seconds}`, to]).status === 0,
  );
}

/** A neighbour outside, and forwarding turned on, which stays so after an ADD. */
export function prepare(host: Host): void {
  host.makeNeighbour();
  host.sh(`echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    ip -n beyond route add 10.15.20.0/24 via 192.0.2.1; ip -n beyond route add fd00:15:20::/64 via 2001:db8::1`);
  settle(host, 'beyond');
}
