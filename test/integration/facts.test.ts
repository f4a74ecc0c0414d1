import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openNetfilter, openRoute } from '../../netlink/connection.ts';
import { formatCIDR } from '../../netlink/ip.ts';
import {
  newNamespace,
  openNamespace,
  openOwnNamespace,
  sameNamespace,
  within,
} from '../../netlink/namespace.ts';
import { nfproto } from '../../netlink/nftables/message.ts';
import { listTables } from '../../netlink/nftables/table-list.ts';
import { listEveryAddress } from '../../netlink/route/address-list.ts';
import { listEveryVlan } from '../../netlink/route/bridge-vlan.ts';
import { getLinkCounters } from '../../netlink/route/link-counters.ts';
import { listLinks } from '../../netlink/route/link-list.ts';
import { namespaceIds } from '../../netlink/route/namespace-id.ts';

function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8' });
}

describe('what a person asks of the whole host, against the live kernel', () => {
  const route = openRoute();

  beforeAll(() => {
    sh(`ip netns add kf-1 && ip netns add kf-2
      ip link add kf-br0 type bridge && ip addr add 192.0.2.1/24 dev kf-br0 && ip link set kf-br0 up
      ip link add kf-v1 mtu 1400 type veth peer name eth0 netns kf-1 && ip link set kf-v1 master kf-br0 up
      ip -n kf-1 addr add 192.0.2.2/24 dev eth0 && ip -n kf-1 link set eth0 up`);
  });
  afterAll(() => {
    sh('ip netns del kf-1; ip netns del kf-2; ip link del kf-br0');
    route.close();
  });

  test('a veth tells the id of the namespace that its other end is in, and namespaces are asked for theirs', () => {
    const [veth] = listLinks(route, { kind: 'veth' }, ({ name, mac, mtu, peerNamespaceId }) =>
      name === 'kf-v1' ? { mac, mtu, peerNamespaceId } : undefined,
    );
    const [wanted] = JSON.parse(sh('ip -j link show kf-v1'));
    expect(veth).toEqual({ mac: wanted.address, mtu: 1400, peerNamespaceId: wanted.link_netnsid });
    const namespaces = ['kf-1', 'kf-2'].map((name) => openNamespace(`/run/netns/${name}`));
    expect(namespaceIds(route, namespaces)).toEqual([wanted.link_netnsid, undefined]);
    for (const { fd } of namespaces) closeSync(fd);
  });

  test('every address comes with its link', () => {
    const [{ ifindex }] = JSON.parse(sh('ip -j link show kf-br0'));
    const own = listEveryAddress(route).filter(({ index }) => index === ifindex);
    const wanted: { local: string; prefixlen: number }[] = JSON.parse(sh('ip -j addr show kf-br0'))[0]
      .addr_info;
    expect(own.map(({ cidr }) => formatCIDR(cidr)).sort()).toEqual(
      wanted.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort(),
    );
  });

  test('VLANs of every port, where the kernel has them, and of nothing else', () => {
    const [{ ifindex }] = JSON.parse(sh('ip -j link show kf-v1'));
    const known = [...listEveryVlan(route).keys()];
    const ports: { ifindex: number }[] = JSON.parse(sh('bridge -j link show'));
    expect(known).toContain(ifindex);
    for (const port of ports) expect(known).toContain(port.ifindex);
  });

  test('counters go up by what goes through', () => {
    const [{ ifindex: index }] = JSON.parse(sh('ip -j link show kf-v1'));
    const link = { index, name: 'kf-v1' };
    const before = getLinkCounters(route, link);
    sh('ip netns exec kf-1 ping -qc3 -i0.2 192.0.2.1');
    const after = getLinkCounters(route, link);
    expect((after?.rxPackets ?? 0) - (before?.rxPackets ?? 0)).toBeGreaterThanOrEqual(3);
    expect((after?.txBytes ?? 0) - (before?.txBytes ?? 0)).toBeGreaterThanOrEqual(3 * 98);
    expect(getLinkCounters(route, { index: 99_999, name: 'none' })).toBeUndefined();
  });

  test('the tables of a family, and no other', () => {
    const netfilter = openNetfilter();
    sh('nft add table inet kf-table; nft add table ip kf-other');
    const names = listTables(netfilter, nfproto.inet).map(({ name }) => name);
    sh('nft delete table inet kf-table; nft delete table ip kf-other');
    netfilter.close();
    expect(names).toContain('kf-table');
    expect(names).not.toContain('kf-other');
  });

  test('a new namespace is another, has a loopback link alone, and we are where we were', () => {
    const before = openOwnNamespace();
    const made = newNamespace();
    const after = openOwnNamespace();
    expect(sameNamespace(made, before)).toBe(false);
    expect(sameNamespace(after, before)).toBe(true);
    const there = within(made, after, openRoute);
    expect(listLinks(there, {}, ({ name }) => name)).toEqual(['lo']);
    there.close();
    for (const { fd } of [before, made, after]) closeSync(fd);
  });
});
