import { execSync } from 'node:child_process';
import { type Connection, openNetfilter, openRoute } from '../../netlink/connection.ts';
import { type CIDR, parseCIDR } from '../../netlink/ip.ts';
import { openNamespace, openOwnNamespace, within } from '../../netlink/namespace.ts';
import { listAddresses, newAddress } from '../../netlink/route/address.ts';
import { findPortOf } from '../../netlink/route/bridge-fdb.ts';
import { deleteLink } from '../../netlink/route/delete-link.ts';
import { findLinks, getLink, newBridge, newVeth, setLink } from '../../netlink/route/link.ts';
import { type LinkFilter, listLinks, listPorts } from '../../netlink/route/link-list.ts';
import { removeMasquerade } from '../../plugin/netfilter/masquerade/masquerade.ts';
import { addNftables } from '../../plugin/netfilter/masquerade/nftables.ts';

// `make integration` runs this in a host of its own; what is made here is taken away again all the same.
const sh = (command: string): string => execSync(command, { encoding: 'utf8' });

function cidr(text: string): CIDR {
  const found = parseCIDR(text);
  if (found === undefined) throw new Error(text);
  return found;
}

describe('rtnetlink', () => {
  let route: Connection;
  beforeEach(() => {
    route = openRoute();
    sh('ip netns add inside');
  });
  afterEach(() => {
    route.close();
    sh('ip link del kt-br0 2>/dev/null || true; ip netns del inside');
  });

  test('a link that is not there, and a refusal in words', () => {
    expect(getLink(route, 'kt-none')).toBeUndefined();
    expect(() => route.execute(deleteLink('kt-none'))).toThrow('delete link kt-none: ENODEV');
    route.execute(newBridge('kt-br0', {}));
    expect(() => route.execute(newBridge('kt-br0', {}))).toThrow('create bridge kt-br0: EEXIST');
  });

  test('a bridge, and a veth pair with its peer in another namespace', () => {
    route.execute(newBridge('kt-br0', { mac: '02:00:00:00:00:09', mtu: 1400, up: true }));
    const bridge = getLink(route, 'kt-br0');
    if (bridge === undefined) throw new Error('no bridge');
    expect(bridge).toMatchObject({ kind: 'bridge', mac: '02:00:00:00:00:09', mtu: 1400 });
    const own = openOwnNamespace();
    const inside = openNamespace('/run/netns/inside', own);
    const peer = { name: 'eth0', namespaceFd: inside.fd, settings: {} };
    route.execute(
      newVeth('kt-v0', { master: bridge.index, up: true }, peer),
      setLink('kt-v0', { alias: 'whose' }),
    );
    const there = within(inside, own, openRoute);
    expect(getLink(there, 'eth0')).toMatchObject({ kind: 'veth' });
    expect(getLink(route, 'eth0')).toBeUndefined();
    there.close();
    const port = getLink(route, 'kt-v0');
    expect(port).toMatchObject({ name: 'kt-v0', alias: 'whose', master: bridge.index });
    expect(listPorts(route, bridge)).toEqual([port?.index]);
    route.execute(newAddress(bridge, cidr('10.99.0.1/24')));
    expect(listAddresses(route, bridge, 2)).toMatchObject([{ cidr: cidr('10.99.0.1/24') }]);
    route.execute(deleteLink('kt-v0'));
    expect(sh('ip -n inside -o link')).not.toContain('eth0');
  });

  test('links by filter, by name and index, and by what a bridge knows of them', () => {
    const mac = '02:00:00:00:00:0a';
    route.execute(
      newBridge('kt-br0', { mac: '02:00:00:00:00:09', up: true }),
      newVeth('kt-v0', { mac, up: true }, { name: 'kt-v1', settings: {} }),
      setLink('kt-v0', { alias: 'whose', group: 7 }),
    );
    const bridge = getLink(route, 'kt-br0');
    const veth = getLink(route, 'kt-v0');
    if (bridge === undefined || veth === undefined) throw new Error('no links');
    const named = (filter: LinkFilter) => listLinks(route, filter, ({ name }) => name).toSorted();
    expect(named({}).filter((name) => name.startsWith('kt-'))).toEqual(['kt-br0', 'kt-v0', 'kt-v1']);
    expect(named({ kind: 'veth' })).toEqual(['kt-v0', 'kt-v1']);
    expect(named({ kind: 'vcan' })).toEqual([]);
    expect(named({ master: bridge.index })).toEqual([]);
    expect(findPortOf(route, bridge, mac)).toBeUndefined();
    route.execute(setLink('kt-v0', { master: bridge.index }));
    expect(named({ master: bridge.index, kind: 'veth' })).toEqual(['kt-v0']);
    expect(named({ master: veth.index })).toEqual([]);
    expect(
      listLinks(route, { master: bridge.index }, ({ index, name, alias, group, master, peer, kind }) => ({
        index,
        name,
        alias,
        group,
        master,
        peer,
        kind,
      })),
    ).toEqual([
      {
        index: veth.index,
        name: 'kt-v0',
        alias: 'whose',
        group: 7,
        master: bridge.index,
        peer: veth.peer,
        kind: 'veth',
      },
    ]);
    expect(findPortOf(route, bridge, mac)).toBe(veth.index);
    expect(() => findPortOf(route, veth, mac)).toThrow(/^get forwarding entry of .* in kt-v0: EOPNOTSUPP/);
    expect(
      findLinks(route, ['kt-none', 'kt-v0', bridge.index, 2 ** 30]).map(({ name, mac: own }) => [name, own]),
    ).toEqual([
      ['kt-v0', mac],
      ['kt-br0', bridge.mac],
    ]);
    route.execute(deleteLink('kt-v0'));
  });
});

test('masquerading: elements come and go, the table with the last of them', () => {
  const nft = openNetfilter();
  const owner = (containerID: string) => ({ network: 'kt', containerID, ifname: 'eth0' });
  const [a, b] = [cidr('10.99.0.2/24'), cidr('10.99.0.3/24')];
  const remove = (containerID: string, addresses: CIDR[]): void =>
    removeMasquerade(nft, owner(containerID), addresses, (line) => {
      throw new Error(line);
    });
  try {
    addNftables(nft, owner('a'), [a, cidr('fd99::2/64')]);
    addNftables(nft, owner('b'), [b]);
    expect(sh('nft list table inet cni-bridge-kt')).toContain('10.99.0.3 comment "cni kt b eth0"');
    // Taken over: the address is another's now, and the first owner's DEL leaves it alone.
    addNftables(nft, owner('c'), [b]);
    remove('b', [b]);
    expect(sh('nft list table inet cni-bridge-kt')).toContain('10.99.0.3 comment "cni kt c eth0"');
    // With no address known, every element is looked at.
    remove('a', []);
    expect(sh('nft list table inet cni-bridge-kt')).not.toContain('fd99');
    remove('c', [b]);
    expect(sh('nft list tables')).not.toContain('cni-bridge-kt');
    remove('c', [b]);
  } finally {
    nft.close();
  }
});
