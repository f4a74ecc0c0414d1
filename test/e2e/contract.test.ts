import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure, type Result } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const nothing = {
  CNI_CONTAINERID: undefined,
  CNI_NETNS: undefined,
  CNI_IFNAME: undefined,
  CNI_PATH: undefined,
};

/** The variables that each command needs. */
const needed: [string, string][] = [
  ['ADD', 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH'],
  ['CHECK', 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH'],
  ['DEL', 'CNI_CONTAINERID,CNI_IFNAME,CNI_PATH'],
  ['GC', 'CNI_PATH'],
  ['STATUS', 'CNI_PATH'],
];

describe.each(executables)('the contract of %s', (_name, bridge) => {
  const host = useHost('c1');

  const conf = { ...articleAs('1.1.0') };

  test.each(needed)('%s names every variable that is missing or empty in one error', (command, names) => {
    const empty = Object.fromEntries(Object.keys(nothing).map((name) => [name, '']));
    for (const env of [nothing, empty]) {
      expect(failure(host, bridge, command, { conf, env })).toMatchObject({
        code: 4,
        msg: `required env variables [${names}] missing`,
      });
    }
  });

  test('DEL, GC, STATUS and VERSION do without the rest', () => {
    const path = { ...nothing, CNI_PATH: '/' };
    const id = { CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0' };
    expect(call(host, bridge, 'DEL', { conf, env: { ...path, ...id } })).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(call(host, bridge, 'STATUS', { conf, env: path })).toMatchObject({ status: 0, stdout: '' });
    const kept = { ...conf, 'cni.dev/valid-attachments': [] };
    expect(call(host, bridge, 'GC', { conf: kept, env: path })).toMatchObject({ status: 0, stdout: '' });
    const { status, stdout } = call(host, bridge, 'VERSION', { conf: 'no JSON', env: nothing });
    expect([status, JSON.parse(stdout).supportedVersions]).toEqual([0, versions]);
  });

  test('the longest and oddest valid names', () => {
    const odd = {
      conf: { ...conf, name: '0.lab_br-1' },
      containerID: `9${'a._-'.repeat(50)}`,
      ifname: 'eth0.15_bytes-x',
    };
    add(host, bridge, odd);
    expect(host.sh('ls /var/lib/cni/networks').trim()).toBe('0.lab_br-1');
    expect(host.sh('ip -n c1 -o link')).toContain('eth0.15_bytes-x');
    del(host, bridge, odd);
    expect(host.sh('nft list ruleset; ip -o link show type veth; find /var/lib/cni -name "10.*"')).toBe('');
  });

  test.each(['.hidden', '-dash', 'a b', 'a/b', 'a\nb', 'ä', ''])('a network cannot be called %j', (name) => {
    expect(failure(host, bridge, 'ADD', { conf: { ...conf, name } }).code).toBe(7);
    expect(host.sh('find /var/lib/cni -mindepth 1')).toBe('');
  });

  test.each(['ä'.repeat(8), '.', '..', 'a\tb'])('an interface cannot be called %j', (ifname) => {
    expect(failure(host, bridge, 'ADD', { conf, ifname })).toMatchObject({
      code: 4,
      msg: `invalid CNI_IFNAME: "${ifname}"`,
    });
  });

  test.each([
    ['IgnoreUnknown=1;COLOR=red', 0],
    ['IgnoreUnknown=true;COLOR=red;', 0],
    ['IgnoreUnknown=0;COLOR=red', 1],
    ['K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=d', 0],
    ['COLOR', 1],
    ['=red', 1],
  ])('CNI_ARGS %s: exit %i', (args, expected) => {
    const { status, stdout } = call(host, bridge, 'ADD', { conf, env: { CNI_ARGS: args } });
    expect(status).toBe(expected);
    if (expected === 1) expect(JSON.parse(stdout)).toMatchObject({ code: 4, msg: 'invalid CNI_ARGS' });
  });

  test.each(['1', 'true', 'TRUE'])(
    "CNI_NETNS_OVERRIDE=%s lets the host's own namespace be the container's",
    (value) => {
      const own = { netns: '/proc/self/ns/net', ifname: 'own0', env: { CNI_NETNS_OVERRIDE: value } };
      const layer2 = { ...conf, isGateway: false, ipMasq: false, ipam: {} };
      const refused = failure(host, bridge, 'ADD', {
        ...own,
        conf: layer2,
        env: { CNI_NETNS_OVERRIDE: 'no' },
      });
      expect(refused.code).toBe(8);
      add(host, bridge, { ...own, conf: layer2 });
      expect(host.sh('ip -o link show own0')).toContain('UP');
      del(host, bridge, { ...own, conf: layer2 });
      expect(host.sh('ip -o link show type veth')).toBe('');
    },
  );

  test('stdin may be 1 MiB to the byte, and comes in any portions', () => {
    const text = JSON.stringify({ ...conf, more: '' });
    const longest = text.replace('"more":""', `"more":"${'a'.repeat(1024 * 1024 - text.length)}"`);
    expect(longest).toHaveLength(1024 * 1024);
    add(host, bridge, { conf: longest });
    del(host, bridge, { conf: longest });
    expect(failure(host, bridge, 'ADD', { conf: `${longest} ` }).code).toBe(5);
    host.run(['sh', '-c', 'cat >/run/conf'], { input: JSON.stringify(conf) });
    const variables = 'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';
    const portions = '{ head -c 7 /run/conf; sleep 0.2; tail -c +8 /run/conf; }';
    expect(host.sh(`${portions} | env -i ${variables} ${bridge}`)).toContain('10.15.20.3/24');
  });

  test.each(versions)('an error answers in the version of the configuration: %s', (cniVersion) => {
    const error = failure(host, bridge, 'ADD', { conf: { ...conf, cniVersion }, netns: '/run/netns/c9' });
    expect(error).toMatchObject({ cniVersion, code: 8 });
  });

  test('an unknown version: both sides are named', () => {
    for (const cniVersion of ['0.5.0', '1.0', '1.2.0']) {
      expect(failure(host, bridge, 'ADD', { conf: { ...conf, cniVersion } })).toMatchObject({
        code: 1,
        msg: 'incompatible CNI versions',
        details: `config is "${cniVersion}", plugin supports ${versions.join(', ')}`,
      });
    }
  });

  test.each(['adsfsadf', 'v1.1.0', '1.1.0-rc1', 5, []])(
    '%j is not a version: it cannot be decoded',
    (cniVersion) => {
      const request = { conf: { ...conf, cniVersion, 'cni.dev/valid-attachments': [] } };
      for (const command of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
        expect(failure(host, bridge, command, request)).toEqual({
          cniVersion: '1.1.0',
          code: 6,
          msg: 'failed to decode version info',
          details: `cniVersion: must be a version such as "1.1.0", not ${JSON.stringify(cniVersion)}`,
        });
      }
    },
  );

  test("a refusal by the kernel names operation, object, errno and the kernel's own words", () => {
    const ipam = { ...conf.ipam, routes: [{ dst: '198.51.100.0/24', gw: '203.0.113.9' }] };
    expect(failure(host, bridge, 'ADD', { conf: { ...conf, ipam } })).toMatchObject({
      code: 999,
      msg: 'cannot add route 198.51.100.0/24 via 203.0.113.9 dev eth0',
      details: 'ENETUNREACH: Nexthop has invalid gateway',
    });
  });

  test('a DEL understands a prevResult of every version', () => {
    const before = host.snapshot('c1');
    for (const cniVersion of versions) {
      const asked = { ...conf, cniVersion };
      const prevResult: Result = JSON.parse(call(host, bridge, 'ADD', { conf: asked }).stdout);
      // Without the lease, only the result has the address.
      host.sh('rm /var/lib/cni/networks/lab-br1/10.15.20.*');
      del(host, bridge, { conf: { ...asked, prevResult }, netns: '' });
      host.sh('ip link del lab-br1; echo 0 >/proc/sys/net/ipv4/ip_forward; rm -r /var/lib/cni/networks');
      expect(host.snapshot('c1')).toBe(before);
    }
  });

  test.each([
    ['0.1.0', 'ip4'],
    ['0.2.0', 'ip4'],
    ['0.3.0', 'ips'],
    ['1.0.0', 'ips'],
  ])('CNI_VERSION=%s, as rkt 1.x sets it: a result with %s', (value, key) => {
    const { stdout } = call(host, bridge, 'ADD', { conf, env: { CNI_VERSION: value, CNI_ARGS: '' } });
    expect(Object.keys(JSON.parse(stdout))).toContain(key);
    expect(JSON.parse(stdout).cniVersion).toBe(key === 'ip4' ? value : '1.1.0');
  });
});
