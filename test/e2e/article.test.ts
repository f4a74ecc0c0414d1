import { readFileSync } from 'node:fs';
import { add, call, del, executables } from '../cni.ts';
import { Host } from '../host.ts';

const conf = readFileSync('test/conf/lab-br1.conf', 'utf8');
const article = JSON.parse(conf);

interface LinkJson {
  ifname: string;
  address: string;
  mtu: number;
  flags: string[];
  master?: string;
  promiscuity?: number;
  linkinfo?: { info_slave_data?: { hairpin: boolean; isolated: boolean } };
}

describe.each(executables)('the article with %s', (_name, bridge) => {
  let host: Host;

  beforeEach(async () => {
    host = await Host.start();
    host.sh('ip netns add c1 && ip netns add c2');
  });
  afterEach(() => host.stop());

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
    // A server beyond the host that has no way back to the container but by the host's address.
    host.sh(`ip netns add beyond && ip link add up0 type veth peer name eth0 netns beyond
      ip addr add 192.0.2.1/24 dev up0 && ip link set up0 up
      ip -n beyond addr add 192.0.2.2/24 dev eth0 && ip -n beyond link set eth0 up`);
    add(host, bridge, { conf });
    const serve = (netns: string, dir: string): string => `mkdir -p ${dir} && printf '%s' '
      user root; pid ${dir}/pid; error_log ${dir}/error; events {}
      http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
        uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
        server { listen 80; location / { return 200 "seen from $remote_addr"; } } }' >${dir}/conf
      ip netns exec ${netns} nginx -c ${dir}/conf -e ${dir}/error`;
    host.sh(serve('c1', '/run/inside'));
    host.sh(serve('beyond', '/run/beyond'));
    try {
      expect(host.sh('curl -s --max-time 10 http://10.15.20.2')).toBe('seen from 10.15.20.1');
      expect(host.sh('ip netns exec c1 curl -s --max-time 10 http://192.0.2.2')).toBe('seen from 192.0.2.1');
      add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
      expect(host.sh('ip netns exec c2 curl -s --max-time 10 http://10.15.20.2')).toBe(
        'seen from 10.15.20.3',
      );
    } finally {
      host.sh('kill $(cat /run/inside/pid) $(cat /run/beyond/pid)');
    }
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

  test('an interface that is taken: ADD changes nothing, whether or not the bridge was there', () => {
    host.sh('ip -n c1 link add eth0 type bridge');
    const before = host.snapshot('c1');
    expect(call(host, bridge, 'ADD', { conf }).status).toBe(1);
    expect(host.snapshot('c1')).toBe(before);
    add(host, bridge, { conf, netns: '/run/netns/c2', containerID: 'c2' });
    const after = host.snapshot('c1', 'c2');
    expect(call(host, bridge, 'ADD', { conf }).status).toBe(1);
    expect(host.snapshot('c1', 'c2')).toBe(after);
  });

  test('a route that the kernel refuses: ADD takes back link, lease and bridge', () => {
    const before = host.snapshot('c1');
    const ipam = { ...article.ipam, routes: [{ dst: '0.0.0.0/0', gw: '203.0.113.9' }] };
    const { status, stdout } = call(host, bridge, 'ADD', { conf: { ...article, ipam } });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 999,
      msg: 'cannot add route 0.0.0.0/0 via 203.0.113.9 dev eth0',
      details: expect.stringContaining('ENETUNREACH'),
    });
    expect(host.snapshot('c1')).toBe(before);
  });

  test('a result that cannot be written: ADD takes everything back', () => {
    const before = host.snapshot('c1');
    const { status, stderr } = host.run(
      [
        'sh',
        '-c',
        `exec env -i CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/ ${bridge} >/dev/full`,
      ],
      { input: conf },
    );
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(host.snapshot('c1')).toBe(before);
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

  test('mtu, hairpinMode, isDefaultGateway, dns', () => {
    const dns = { nameservers: ['10.1.1.1'], search: ['example.org'] };
    const result = add(host, bridge, {
      conf: {
        ...article,
        cniVersion: '1.0.0',
        mtu: 1400,
        hairpinMode: true,
        isGateway: false,
        isDefaultGateway: true,
        dns,
        ipam: { type: 'host-local', subnet: '10.15.20.0/24' },
      },
    });
    expect(result.routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.15.20.1' }]);
    expect(result.dns).toEqual(dns);
    const links = host.json<LinkJson[]>('ip -j -d link');
    for (const name of ['lab-br1', result.interfaces[1]?.name]) {
      expect(links.find(({ ifname }) => ifname === name)?.mtu).toBe(1400);
    }
    expect(links.find(({ master }) => master === 'lab-br1')?.linkinfo?.info_slave_data?.hairpin).toBe(true);
    expect(host.json<LinkJson[]>('ip -n c1 -j link show eth0')[0]?.mtu).toBe(1400);
    expect(host.sh('cat /proc/sys/net/ipv4/ip_forward').trim()).toBe('1');
  });

  test('promiscMode, and layer 2 only', () => {
    const { ipam: _ipam, ...layer2 } = article;
    const result = add(host, bridge, {
      conf: { ...layer2, isGateway: false, ipMasq: false, promiscMode: true },
    });
    expect(result.ips).toBeUndefined();
    expect(host.json<LinkJson[]>('ip -j -d link show lab-br1')[0]?.promiscuity).toBe(1);
    expect(host.json<LinkJson[]>('ip -n c1 -j link show eth0')[0]?.flags).toEqual(
      expect.arrayContaining(['UP', 'LOWER_UP']),
    );
    del(host, bridge, { conf: { ...layer2, promiscMode: true } });
    expect(host.sh('ip -n c1 -o link')).not.toContain('eth0');
  });

  test('IPv6 beside IPv4: both masqueraded, usable at once, gone after DEL', () => {
    const ipam = {
      type: 'host-local',
      ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
    };
    const result = add(host, bridge, { conf: { ...article, ipam, isDefaultGateway: true } });
    expect(result.ips.map(({ version, address }) => [version, address])).toEqual([
      ['4', '10.15.20.2/24'],
      ['6', 'fd00:15:20::2/64'],
    ]);
    expect(host.sh('ip -n c1 -6 addr show eth0 tentative')).not.toContain('fd00');
    host.sh('ping -c 1 -W 5 fd00:15:20::2');
    expect(host.sh('nft list ruleset')).toContain('fd00:15:20::2 comment');
    del(host, bridge, { conf: { ...article, ipam } });
    expect(host.sh('nft list ruleset')).toBe('');
  });
});
