/** An `ipam` of host-local's. */
export const hostLocal = (rest: object) => ({ type: 'host-local', ...rest });
/** One IPv4 address. */
export const v4 = hostLocal({ subnet: '10.1.0.0/24' });
/** One IPv6 address. */
export const v6 = hostLocal({ ranges: [[{ subnet: 'fd00::/64' }]] });
/** An address of each family. */
export const dual = hostLocal({ ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] });
/** One IPv4 address, and routes. */
export const routed = (...routes: object[]) => hostLocal({ subnet: '10.1.0.0/24', routes });
/** Range sets. */
export const ranged = (...ranges: object[][]) => hostLocal({ ranges });
/** No address. */
export const layer2 = { ipam: {} };
/** The kernel destroys a namespace some time after its name is gone, and the host's end of the pair with it. */
export const endNamespace =
  "ip netns del c1; timeout 30 sh -c 'while ip -o link show type veth | grep -q .; do sleep 0.05; done'";

/** The bridge has an address. */
export const gateway = { isGateway: true };
/** Options that can be combined. */
export const everything = {
  isDefaultGateway: true,
  ipMasq: true,
  hairpinMode: true,
  mtu: 1400,
  portIsolation: true,
};

/** Makes the bridge before the plugin does, with an address. */
export function bridgeWith(address: string): string {
  return `ip link add br0 address 02:00:00:00:00:b0 type bridge && ip link set br0 up && ip addr add ${address} dev br0`;
}

/** Makes the file that `resolvConf` names. */
export function resolv(): string {
  return 'printf "nameserver 10.1.0.1\\nsearch b.example\\noptions ndots:2\\n" >/run/resolv';
}
