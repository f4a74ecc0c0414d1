import { execSync } from 'node:child_process';
import { listAddresses, newAddress } from '../../netlink/address.ts';
import { type Connection, openNetfilter, openRoute } from '../../netlink/connection.ts';
import { type CIDR, parseCIDR } from '../../netlink/ip.ts';
import { deleteLink, getLink, listLinks, newBridge, newVeth, setLink } from '../../netlink/link.ts';
import { openNamespace, openOwnNamespace, within } from '../../netlink/namespace.ts';
import { addNftables, removeNftables } from '../../plugin/masquerade/nftables.ts';

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
    const inside = openNamespace('/run/netns/inside');
    const peer = { name: 'eth0', namespaceFd: inside.fd, settings: {} };
    route.execute(
      newVeth('kt-v0', { master: bridge.index, up: true }, peer),
      setLink('kt-v0', { alias: 'whose' }),
    );
    const there = within(inside, own, openRoute);
    expect(getLink(there, 'eth0')).toMatchObject({ kind: 'veth' });
    expect(getLink(route, 'eth0')).toBeUndefined();
    there.close();
    expect(listLinks(route, bridge.index)).toMatchObject([
      { name: 'kt-v0', alias: 'whose', master: bridge.index },
    ]);
    route.execute(newAddress(bridge, cidr('10.99.0.1/24')));
    expect(listAddresses(route, bridge, 2)).toMatchObject([{ cidr: cidr('10.99.0.1/24'), scope: 0 }]);
    route.execute(deleteLink('kt-v0'));
    expect(sh('ip -n inside -o link')).not.toContain('eth0');
  });
});

test('masquerading: elements come and go, the table with the last of them', () => {
  const nft = openNetfilter();
  const owner = (containerID: string) => ({ network: 'kt', containerID, ifname: 'eth0' });
  const [a, b] = [cidr('10.99.0.2/24'), cidr('10.99.0.3/24')];
  try {
    addNftables(nft, owner('a'), [a, cidr('fd99::2/64')]);
    addNftables(nft, owner('b'), [b]);
    expect(sh('nft list table inet cni-bridge-kt')).toContain('10.99.0.3 comment "cni kt b eth0"');
    // Taken over: the address is another's now, and the first owner's DEL leaves it alone.
    addNftables(nft, owner('c'), [b]);
    removeNftables(nft, owner('b'), [b]);
    expect(sh('nft list table inet cni-bridge-kt')).toContain('10.99.0.3 comment "cni kt c eth0"');
    // With no address known, every element is looked at.
    removeNftables(nft, owner('a'), []);
    expect(sh('nft list table inet cni-bridge-kt')).not.toContain('fd99');
    removeNftables(nft, owner('c'), [b]);
    expect(sh('nft list tables')).not.toContain('cni-bridge-kt');
    removeNftables(nft, owner('c'), [b]);
  } finally {
    nft.close();
  }
});
