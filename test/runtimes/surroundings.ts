import { must } from './checks.ts';
import type { Machine } from './machine.ts';

/** The machine's own addresses, and those of its neighbour, which has no route to a container except through it. */
export const machineAddress = '192.0.2.1';
export const neighbour = { v4: '192.0.2.2', v6: '2001:db8::2' };

/** Makes the namespace `beyond`, the machine's neighbour, with a web server that prints its client's address. */
export async function makeNeighbour(machine: Machine): Promise<void> {
  await machine.sh(`ip netns add beyond && ip link add up0 type veth peer name eth0 netns beyond
    ip addr add ${machineAddress}/24 dev up0 && ip addr add 2001:db8::1/64 dev up0 nodad && ip link set up0 up
    ip -n beyond addr add ${neighbour.v4}/24 dev eth0 && ip -n beyond addr add ${neighbour.v6}/64 dev eth0 nodad
    ip -n beyond link set eth0 up && ip -n beyond link set lo up
    ip netns exec beyond busybox httpd -p 80 -h ${machine.disk}/root/www`);
}

const curl = 'curl -sS -g --max-time 30';

/** The web server's answer to the machine: `<server> <client's address>`. */
export async function fromMachine(machine: Machine, place: string): Promise<string> {
  return plain(await machine.sh(`${curl} http://${place}/cgi-bin/who`));
}

/** The same, asked by the neighbour. */
export async function fromBeyond(machine: Machine, place: string): Promise<string> {
  return plain(await machine.sh(`ip netns exec beyond ${curl} http://${place}/cgi-bin/who`));
}

/** An answer with its client's address in the usual spelling. */
export function plain(answer: string): string {
  return answer.trim().replace(/\[(?:::ffff:)?([0-9a-f.:]+)\]/, '$1');
}

interface Address {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
}

/** The addresses of an interface in a network namespace, except link-local ones: `10.1.0.2/24`. */
export async function addressesIn(machine: Machine, netns: string, ifname = 'eth0'): Promise<string[]> {
  const links = await machine.json<{ addr_info: Address[] }[]>(
    `nsenter --net=${netns} ip -j addr show dev ${ifname}`,
  );
  return links
    .flatMap((link) => link.addr_info)
    .filter((address) => address.scope === 'global')
    .map((address) => `${address.local}/${address.prefixlen}`);
}

/**
 * Pings every address from every namespace.
 * @returns how many answers there were
 * @throws Error that names the addresses that did not answer
 */
export async function pingAll(
  machine: Machine,
  from: readonly string[],
  to: readonly string[],
): Promise<number> {
  const silent = await Promise.all(
    from.map((netns) =>
      machine.sh(`nsenter --net=${netns} sh -c 'for a in ${to.join(' ')}; do
        ping -qnc1 -W10 $a >/dev/null || echo $a from ${netns}; done'`),
    ),
  );
  const names = silent.filter((line) => line !== '');
  must(names.length === 0, `no answer from ${names.join(', ')}`);
  return from.length * to.length;
}

const lease = `find /var/lib/cni/networks -type f -not -name lock -not -name 'last_reserved_ip.*'`;

/** All leases on the machine's disk, as `<network>/<address>`. */
export async function leases(machine: Machine, network = ''): Promise<string[]> {
  const directory = `/var/lib/cni/networks/${network}`;
  const found = await machine.sh(
    `mkdir -p ${directory} && cd ${directory} && ${lease.replace('/var/lib/cni/networks', '.')} -not -path '*/.attachments/*'`,
  );
  return found
    .split('\n')
    .filter(Boolean)
    .map((path) => path.slice(2))
    .sort();
}

/** What containers leave on a machine: leases, an index's entries, veths, masquerading and forwarded ports. */
export async function residue(machine: Machine): Promise<string[]> {
  const found = await machine.sh(`
    [ ! -d /var/lib/cni/networks ] || ${lease} -not -name sums -not -name draft
    ip -o link show type veth | grep -v ' up0@' | sed 's/^[0-9]*: /veth /; s/@.*//'
    nft list tables | grep -e cni-bridge- -e cni_plugins
    iptables-save -t nat | grep -e '-A CNI-DN-' -e '-A CNI-HOSTPORT-DNAT' -e '-A POSTROUTING -s'
    ls -d /var/lib/cni/results/* /var/lib/cni/cache/results/* 2>/dev/null || true`);
  return found.split('\n').filter(Boolean);
}

/** What a machine's checks have reported already: each is blamed only for what it leaves itself. */
const told = new WeakMap<Machine, ReadonlySet<string>>();

/** @throws Error that names what containers have left on the machine since the last look. */
export async function mustBeClean(machine: Machine): Promise<string> {
  const all = await residue(machine);
  const left = all.filter((line) => told.get(machine)?.has(line) !== true);
  told.set(machine, new Set(all));
  must(left.length === 0, `left behind, ${left.length} in all: ${left.slice(0, 2).join('; ')}`);
  return 'no lease, veth, masquerading or forwarded port is left';
}
