import { readFileSync } from 'node:fs';
import { add, call, del, executables, failure } from '../cni.ts';
import { Host } from '../host.ts';

const article = { ...JSON.parse(readFileSync('test/conf/lab-br1.conf', 'utf8')), cniVersion: '1.1.0' };
/** Debian's package of the Go plugins. */
const reference = '/usr/lib/cni';

describe.each(executables)('the contract of %s', (_name, bridge) => {
  let host: Host;
  beforeEach(async () => {
    host = await Host.start();
    host.sh('ip netns add c1 && ip netns add c2');
  });
  afterEach(() => host.stop());

  describe('CHECK', () => {
    const check = (prevResult: unknown) => call(host, bridge, 'CHECK', { conf: { ...article, prevResult } });

    test('succeeds on what ADD made, in every version that has it', () => {
      for (const cniVersion of ['0.4.0', '1.0.0', '1.1.0']) {
        const conf = { ...article, cniVersion, isDefaultGateway: true };
        const prevResult = add(host, bridge, { conf });
        expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({
          status: 0,
          stdout: '',
        });
        del(host, bridge, { conf });
      }
    });

    test.each([
      ['the address', 'ip -n c1 addr del 10.15.20.2/24 dev eth0', 'expected 10.15.20.2/24, found none'],
      ['the route', 'ip -n c1 route del default', 'expected 0.0.0.0/0, found no route to 0.0.0.0/0'],
      [
        'the MAC address of eth0',
        'ip -n c1 link set eth0 address 02:00:00:00:00:01',
        'found 02:00:00:00:00:01',
      ],
      ['the interface', 'ip -n c1 link del eth0', 'expected a veth, found no link of that name'],
      [
        'the port',
        'ip link set $(ls /sys/class/net | grep ^veth) nomaster',
        'expected a port of lab-br1, found no port',
      ],
      ['the bridge', 'ip link del lab-br1', 'expected a bridge, found no link of that name'],
      ['the promiscuous mode', 'ip link set lab-br1 promisc on', 'expected false, found true'],
      ['the lease', 'rm /var/lib/cni/networks/lab-br1/10.15.20.2', 'no address is leased to container c1'],
    ])('finds out that %s is another', (_what, command, words) => {
      const prevResult = add(host, bridge, { conf: article });
      host.sh(command);
      const { status, stdout } = check(prevResult);
      expect(status).toBe(1);
      const { msg, details = '' } = JSON.parse(stdout);
      expect(`${msg}: ${details}`).toContain(words);
    });

    test('needs 0.4.0, and a prevResult', () => {
      expect(failure(host, bridge, 'CHECK', { conf: { ...article, cniVersion: '0.3.1' } })).toMatchObject({
        code: 1,
      });
      expect(failure(host, bridge, 'CHECK', { conf: article })).toMatchObject({ code: 7 });
    });
  });

  describe('GC', () => {
    const valid = (...attachments: { containerID: string; ifname: string }[]) => ({
      ...article,
      'cni.dev/valid-attachments': attachments,
    });

    test('keeps what is listed and removes the rest', () => {
      const other = {
        ...article,
        name: 'other',
        bridge: 'other',
        ipam: { ...article.ipam, subnet: '10.16.0.0/24' },
      };
      add(host, bridge, { conf: other, ifname: 'eth9' });
      add(host, bridge, { conf: article });
      const before = host.snapshot('c1', 'c2');
      add(host, bridge, { conf: article, containerID: 'c2', netns: '/run/netns/c2' });
      expect(call(host, bridge, 'GC', { conf: valid({ containerID: 'c1', ifname: 'eth0' }) }).status).toBe(0);
      expect(host.snapshot('c1', 'c2')).toBe(before);
      expect(call(host, bridge, 'GC', { conf: valid() }).status).toBe(0);
      expect(host.sh('ip -n c1 -o link')).toMatch(/eth9/);
      expect(host.sh('nft list tables').trim()).toBe('table inet cni-bridge-other');
    });

    test('without a list it removes nothing', () => {
      add(host, bridge, { conf: article });
      const before = host.snapshot('c1');
      expect(failure(host, bridge, 'GC', { conf: article })).toMatchObject({ code: 7 });
      expect(host.snapshot('c1')).toBe(before);
    });
  });

  test('STATUS says whether an ADD could succeed', () => {
    expect(call(host, bridge, 'STATUS', { conf: article })).toMatchObject({ status: 0, stdout: '' });
    const one = { ...article, ipam: { ...article.ipam, rangeStart: '10.15.20.9', rangeEnd: '10.15.20.9' } };
    add(host, bridge, { conf: one });
    expect(failure(host, bridge, 'STATUS', { conf: one })).toMatchObject({
      code: 50,
      msg: expect.stringContaining('1 addresses, 1 leased'),
    });
    host.sh('mkdir /run/readonly && mount -t tmpfs -o ro none /run/readonly');
    const dataDir = { ...article, ipam: { ...article.ipam, dataDir: '/run/readonly/leases' } };
    expect(failure(host, bridge, 'STATUS', { conf: dataDir })).toMatchObject({ code: 50 });
    const { status, stdout } = host.run(
      [
        'setpriv',
        '--bounding-set',
        '-all',
        '--inh-caps',
        '-all',
        'env',
        '-i',
        'CNI_COMMAND=STATUS',
        'CNI_PATH=/',
        bridge,
      ],
      { input: JSON.stringify(article) },
    );
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 50, details: expect.stringContaining('CAP_NET_ADMIN') });
  });

  test("Go's bridge takes our host-local, and ours its container", () => {
    host.sh(`mkdir /run/path && ln -s ${bridge} /run/path/host-local`);
    const conf = { ...article, cniVersion: '1.0.0', ipMasq: false };
    const env = { CNI_PATH: '/run/path' };
    const prevResult = add(host, `${reference}/bridge`, { conf, env });
    expect(prevResult.ips[0]?.address).toBe('10.15.20.2/24');
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } }).status).toBe(0);
    expect(add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' }).ips[0]?.address).toBe(
      '10.15.20.3/24',
    );
    del(host, bridge, { conf });
    del(host, `${reference}/bridge`, {
      conf,
      containerID: 'c2',
      netns: '/run/netns/c2',
      env: { CNI_PATH: reference },
    });
    expect(host.sh('ip -o link show type veth')).toBe('');
    expect(host.sh('find /var/lib/cni -name "10.*"')).toBe('');
  });
});
