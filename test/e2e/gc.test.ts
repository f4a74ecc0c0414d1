import { dirname, join } from 'node:path';
import { articleAs } from '../support/article.ts';
import { add, call, executables, failure, reference } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const listed = (...names: string[]) =>
  names.map((name) => {
    const [containerID, ifname = 'eth0'] = name.split(' ');
    return { containerID, ifname };
  });
const keeping = (attachments: unknown, conf: object = article) => ({
  ...conf,
  'cni.dev/valid-attachments': attachments,
});

const warning = 'cni.dev/valid-attachments is missing: everything is kept\n';

describe.each(executables)('GC of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const second = { containerID: 'c2', netns: '/run/netns/c2' };
  const gc = (conf: unknown, env = {}) =>
    expect(call(host, bridge, 'GC', { conf, env })).toMatchObject({ status: 0, stdout: '' });

  test('keeps what is listed and removes the rest, of its own network alone', () => {
    // A prefix of the other's name.
    const other = { ...article, name: 'lab-br', bridge: 'lab-br' };
    add(host, bridge, {
      conf: { ...other, ipam: { ...article.ipam, subnet: '10.16.0.0/24' } },
      ifname: 'eth9',
    });
    add(host, bridge, { conf: article });
    const before = host.snapshot('c1', 'c2');
    add(host, bridge, { conf: article, ...second });
    add(host, bridge, { conf: article, ifname: 'eth1' });
    gc(keeping(listed('c1', 'never-added', 'c2 eth7')));
    expect(host.snapshot('c1', 'c2')).toBe(before);
    gc(keeping(listed('c1')));
    expect(host.snapshot('c1', 'c2')).toBe(before);
    gc(keeping([]));
    expect(host.sh('ip -n c1 -o link')).toMatch(/eth9/);
    expect(host.sh('ip -o link show type veth').trim().split('\n')).toHaveLength(1);
    expect(host.sh('nft list tables').trim()).toBe('table inet cni-bridge-lab-br');
    expect(host.sh('cd /var/lib/cni/networks && find . -name "10.*"').trim()).toBe('./lab-br/10.16.0.2');
  });

  test('removes what a container left whose namespace is gone, or whose lease is', () => {
    add(host, bridge, { conf: article });
    const before = host.snapshot('c1');
    add(host, bridge, { conf: article, ...second });
    host.sh('ip netns del c2');
    gc(keeping(listed('c1')));
    expect(host.snapshot('c1')).toBe(before);
    host.addContainers('c2');
    add(host, bridge, { conf: article, ...second });
    host.sh('rm /var/lib/cni/networks/lab-br1/10.15.20.4');
    gc(keeping(listed('c1')));
    expect(host.snapshot('c1')).toBe(before);
  });

  test('on a host that never had the network there is nothing to do', () => {
    const before = host.snapshot('c1');
    gc(keeping(listed('c1')));
    gc(keeping([]));
    expect(host.snapshot('c1')).toBe(before);
  });

  test('without a list it keeps everything, and says so', () => {
    add(host, bridge, { conf: article });
    const before = host.snapshot('c1');
    for (const executable of [bridge, join(dirname(bridge), 'host-local')]) {
      const { status, stdout, stderr } = call(host, executable, 'GC', { conf: article });
      expect([status, stdout, stderr]).toEqual([0, '', warning]);
      expect(host.snapshot('c1')).toBe(before);
      expect(failure(host, executable, 'GC', { conf: { ...article, name: '../x' } })).toMatchObject({
        code: 7,
      });
    }
    expect(call(host, bridge, 'CHECK', { conf: { ...article, prevResult: {} } }).status).toBe(1);
  });

  test("another IPAM plugin is asked all the same, and given the runtime's configuration", () => {
    host.sh(`mkdir /run/plugins && cd /run/plugins
      printf '#!/bin/sh\\necho $CNI_COMMAND; cat >/run/given\\n' >scripted && chmod 755 scripted`);
    const conf = { ...article, ipam: { type: 'scripted' } };
    gc(conf, { CNI_PATH: '/run/plugins' });
    expect(JSON.parse(host.sh('cat /run/given'))).toEqual(conf);
  });

  test('cnitool gc succeeds, and takes away what it has added itself', () => {
    host.sh('mkdir -p /run/net.d');
    host.run(['tee', '/run/net.d/lab.conflist'], {
      input: JSON.stringify({ cniVersion: '1.1.0', name: 'lab-br1', plugins: [article] }),
    });
    const cnitool = (command: string): Outcome =>
      host.run([join(dirname(reference), 'cnitool'), command, 'lab-br1', '/run/netns/c1'], {
        env: { NETCONFPATH: '/run/net.d', CNI_PATH: dirname(bridge) },
      });
    add(host, bridge, { conf: article, ...second });
    const before = host.snapshot('c1', 'c2');
    expect(cnitool('add').status).toBe(0);
    expect(cnitool('gc')).toEqual({ status: 0, stdout: '', stderr: warning });
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('a list that is not one is refused; one that is null is empty, as Go writes it', () => {
    add(host, bridge, { conf: article });
    const before = host.snapshot('c1');
    for (const list of ['c1', [{ containerID: 'c1' }], [{ containerID: 1, ifname: 'eth0' }], {}]) {
      expect(failure(host, bridge, 'GC', { conf: keeping(list) })).toMatchObject({ code: 7 });
    }
    expect(failure(host, bridge, 'GC', { conf: { ...keeping([]), cniVersion: '1.0.0' } })).toMatchObject({
      code: 1,
    });
    expect(host.snapshot('c1')).toBe(before);
    gc(keeping(null));
    expect(host.sh('ip -o link show type veth; nft list ruleset; find /var/lib/cni -name "10.*"')).toBe('');
  });

  test('1,000 stale attachments go in one pass: as many dumps as for one', () => {
    const conf = { ...article, ipam: { type: 'host-local', subnet: '10.15.0.0/16' } };
    /** How many dumps are requested. */
    const dumps = (list: unknown): number => {
      const strace = 'exec env -i CNI_COMMAND=GC CNI_PATH=/ strace -f -e trace=sendto -o /run/trace';
      const { status, stdout } = host.run(['sh', '-c', `${strace} ${bridge}`], {
        input: JSON.stringify(keeping(list, conf)),
      });
      expect([status, stdout]).toEqual([0, '']);
      return Number(host.sh(`grep -cE 'NLM_F_REQUEST\\|(NLM_F_DUMP|0x300)' /run/trace || true`));
    };
    add(host, bridge, { conf });
    const before = host.snapshot('c1');
    add(host, bridge, { conf, ...second });
    const forOne = dumps(listed('c1', 'c2 eth2'));
    expect(forOne).toBeGreaterThan(0);
    expect(host.snapshot('c1')).toBe(before);

    // What 1,000 ADDs would have made, by hand and in a second.
    host.sh(`seq 1000 >/run/numbers
      awk '{ print "link add veth" $1 " master lab-br1 type veth peer name eth" $1 " netns c2"
        print "link set veth" $1 " up alias \\"cni lab-br1 stale" $1 " eth" $1 "\\"" }' /run/numbers | ip -batch -
      awk '{ a = "10.15." int($1 / 200) + 1 "." $1 % 200
        print a " comment \\"cni lab-br1 stale" $1 " eth" $1 "\\" : goto masquerade-10.15.0.0/16," >"/run/elements"
        printf "stale%d\\r\\neth%d", $1, $1 >("/var/lib/cni/networks/lab-br1/" a)
        close("/var/lib/cni/networks/lab-br1/" a) }' /run/numbers
      nft "add element inet cni-bridge-lab-br1 sources4 { $(cat /run/elements) }"`);
    expect(host.sh('ip -o link show type veth').trim().split('\n')).toHaveLength(1001);
    expect(host.sh('nft list ruleset | grep -c stale').trim()).not.toBe('0');
    expect(host.sh('ls /var/lib/cni/networks/lab-br1 | grep -c "^10"').trim()).toBe('1001');
    expect(dumps(listed('c1', 'c2 eth2'))).toBe(forOne);
    expect(host.snapshot('c1')).toBe(before);
  });
});
