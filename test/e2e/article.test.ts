import { article, articleText as conf } from '../support/article.ts';
import { add, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

interface LinkJson {
  ifname: string;
  address: string;
  flags: string[];
  master?: string;
}

describe.each(executables)('the article with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  test('ADD answers as in the article and the kernel agrees', () => {
    const result = add(host, bridge, { conf });
    expect(result).toEqual({
      cniVersion: '0.4.0',
      interfaces: [
        { name: 'lab-br1', mac: expect.stringMatching(/^[0-9a-f:]{17}$/) },
        { name: expect.stringMatching(/^veth[0-9a-f]{8}$/), mac: expect.stringMatching(/^[0-9a-f:]{17}$/) },
        { name: 'eth0', mac: expect.stringMatching(/^[0-9a-f:]{17}$/), sandbox: '/run/netns/c1' },
      ],
      ips: [{ version: '4', interface: 2, address: '10.15.20.2/24', gateway: '10.15.20.1' }],
      routes: [{ dst: '0.0.0.0/0' }],
      dns: {},
    });
    const links = host.json<LinkJson[]>('ip -j link');
    const inside = host.json<LinkJson[]>('ip -n c1 -j link show eth0');
    for (const [index, name] of ['lab-br1', result.interfaces[1]?.name].entries()) {
      const link = links.find(({ ifname }) => ifname === name);
      expect(link?.address).toBe(result.interfaces[index]?.mac);
      expect(link?.flags).toEqual(expect.arrayContaining(['UP', 'LOWER_UP']));
    }
    expect(links.find(({ ifname }) => ifname === result.interfaces[1]?.name)?.master).toBe('lab-br1');
    expect(inside[0]?.address).toBe(result.interfaces[2]?.mac);
    expect(host.sh('ip -o -4 addr show lab-br1')).toContain(
      'inet 10.15.20.1/24 brd 10.15.20.255 scope global',
    );
    expect(host.sh('ip -n c1 -o -4 addr show eth0')).toContain(
      'inet 10.15.20.2/24 brd 10.15.20.255 scope global',
    );
    expect(host.sh('ip -n c1 route').replaceAll(' \n', '\n')).toBe(
      'default via 10.15.20.1 dev eth0\n10.15.20.0/24 dev eth0 proto kernel scope link src 10.15.20.2\n',
    );
    expect(host.sh('cat /var/lib/cni/networks/lab-br1/10.15.20.2')).toBe('c1\r\neth0');
    expect(host.sh('stat -c %a /var/lib/cni/networks/lab-br1/10.15.20.2').trim()).toBe('600');
  });

  test('traffic flows, and what leaves the host bears its address', () => {
    host.makeNeighbour();
    add(host, bridge, { conf });
    host.serve('c1');
    host.serve('beyond');
    expect(host.sh('curl -s --max-time 10 http://10.15.20.2')).toBe('seen from 10.15.20.1');
    expect(host.sh('ip netns exec c1 curl -s --max-time 10 http://192.0.2.2')).toBe('seen from 192.0.2.1');
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    expect(host.sh('ip netns exec c2 curl -s --max-time 10 http://10.15.20.2')).toBe('seen from 10.15.20.3');
  });

  test('DEL, twice, leaves the host as it was', () => {
    add(host, bridge, { conf, containerID: 'other', netns: '/run/netns/c2' });
    const before = host.snapshot('c1', 'c2');
    add(host, bridge, { conf });
    expect(host.snapshot('c1', 'c2')).not.toBe(before);
    del(host, bridge, { conf });
    expect(host.snapshot('c1', 'c2')).toBe(before);
    del(host, bridge, { conf });
    expect(host.snapshot('c1', 'c2')).toBe(before);
    del(host, bridge, { conf, containerID: 'other', netns: '/run/netns/c2' });
    expect(host.sh('nft list ruleset')).toBe('');
    expect(host.json<LinkJson[]>('ip -j link').map(({ ifname }) => ifname)).toEqual(['lo', 'lab-br1']);
    expect(host.sh('cd /var/lib/cni && find . -type f | sort')).toBe(
      './networks/lab-br1/last_reserved_ip.0\n./networks/lab-br1/lock\n',
    );
  });

  test.each([
    ['the namespace is gone', 'ip netns del c1', '/run/netns/c1'],
    ['the link is gone', 'ip -n c1 link del eth0', '/run/netns/c1'],
    ['the lease is gone', 'rm /var/lib/cni/networks/lab-br1/10.15.20.*', '/run/netns/c1'],
    ['there is no CNI_NETNS', 'true', ''],
  ])('DEL cleans up when %s', (_what, command, netns) => {
    add(host, bridge, { conf });
    host.sh(command);
    del(host, bridge, { conf, netns });
    expect(host.sh('nft list ruleset')).toBe('');
    expect(host.json<LinkJson[]>('ip -j link').map(({ ifname }) => ifname)).toEqual(['lo', 'lab-br1']);
    expect(host.sh('find /var/lib/cni -name "10.*"')).toBe('');
  });

  test('one address for each container, and one container on two networks', () => {
    const second = { ...article, name: 'lab-br2', bridge: 'lab-br2' };
    second.ipam = { ...article.ipam, subnet: '10.15.21.0/24', routes: [] };
    expect(add(host, bridge, { conf }).ips[0]?.address).toBe('10.15.20.2/24');
    expect(add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' }).ips[0]?.address).toBe(
      '10.15.20.3/24',
    );
    expect(add(host, bridge, { conf: second, ifname: 'eth1' }).ips[0]?.address).toBe('10.15.21.2/24');
    host.sh('ip netns exec c2 ping -c 1 -W 5 10.15.20.2');
    del(host, bridge, { conf: second, ifname: 'eth1' });
    host.sh('ip netns exec c2 ping -c 1 -W 5 10.15.20.2');
    del(host, bridge, { conf });
    // Round robin: the address that was just given back is not the next.
    expect(add(host, bridge, { conf }).ips[0]?.address).toBe('10.15.20.4/24');
  });
});
