import { article } from '../support/article.ts';
import { add, call, del, executables } from '../support/cni.ts';
import { useDirectory } from '../support/leases.ts';
import { useHost } from '../support/use-host.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const pod = (name: string): Record<string, string> => ({
  CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name}`,
});

describe.each(executables)('sticky, with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd15::/64' }]],
    sticky: true,
  };
  const conf = { ...article, cniVersion: '1.1.0', ipam };
  const directory = `/var/lib/cni/networks/${article.name}`;
  const addresses = (netns: string): string[] =>
    host
      .json<{ addr_info: { local: string }[] }[]>(`ip -n ${netns} -j addr show dev eth0 scope global`)
      .flatMap(({ addr_info }) => addr_info.map(({ local }) => local));

  test('a pod has its addresses again in another container, and a ping finds it there', () => {
    add(host, bridge, { conf, containerID: 'old', env: pod('web-0') });
    expect(addresses('c1')).toEqual(['10.15.20.2', 'fd15::2']);
    del(host, bridge, { conf, containerID: 'old' });
    const other = { conf, containerID: 'other', netns: '/run/netns/c2' };
    add(host, bridge, { ...other, env: pod('web-1') });
    expect(addresses('c2')).toEqual(['10.15.20.3', 'fd15::3']);
    const again = { conf, containerID: 'new', env: pod('web-0') };
    const prevResult = add(host, bridge, again);
    expect(addresses('c1')).toEqual(['10.15.20.2', 'fd15::2']);
    host.sh('ip netns exec c2 ping -c 1 -W 5 10.15.20.2 && ip netns exec c2 ping -c 1 -W 5 fd15::2');
    expect(call(host, bridge, 'CHECK', { ...again, conf: { ...conf, prevResult } }).stdout).toBe('');
    del(host, bridge, again);
    del(host, bridge, other);
    expect(host.sh(`ls ${directory}`)).toBe('last_reserved_ip.0\nlast_reserved_ip.1\nlock\n');
  });

  test('after a reboot without a DEL the pod takes over what its old container had', () => {
    const boot = (id: string) =>
      host.sh(`ip link del ${article.bridge} 2>/dev/null || true
        ip netns del c1 && ip netns add c1
        echo ${id}-0000-4000-8000-000000000000 >/run/boot_id
        umount /proc/sys/kernel/random/boot_id 2>/dev/null || true
        mount --bind /run/boot_id /proc/sys/kernel/random/boot_id`);
    boot('11111111');
    add(host, bridge, { conf, containerID: 'old', env: pod('web-0') });
    boot('22222222');
    // A runtime's GC after the boot finds no pod that runs.
    const kept = host.sh(`cat ${directory}/.attachments/remembered`);
    expect(kept).toBe('default/web-0 eth0 10.15.20.2\ndefault/web-0 eth0 fd15::2\n');
    add(host, bridge, { conf, containerID: 'new', env: pod('web-0') });
    expect(addresses('c1')).toEqual(['10.15.20.2', 'fd15::2']);
    expect(host.sh(`cat ${directory}/10.15.20.2`)).toBe('new\r\neth0');
    boot('33333333');
    const gc = { ...conf, 'cni.dev/valid-attachments': [] };
    expect(call(host, bridge, 'GC', { conf: gc }).status).toBe(0);
    add(host, bridge, { conf, containerID: 'newer', env: pod('web-0') });
    expect(addresses('c1')).toEqual(['10.15.20.2', 'fd15::2']);
  });

  test('a failed ADD leaves no lease, and a GC without the option no memory', () => {
    const taken = { conf, containerID: 'one', env: pod('web-0') };
    host.sh('ip -n c1 link add eth0 type bridge');
    expect(call(host, bridge, 'ADD', taken).status).toBe(1);
    expect(host.sh('ls /var/lib/cni')).toBe('');
    host.sh('ip -n c1 link del eth0');
    add(host, bridge, taken);
    const gc = { ...conf, ipam: { ...ipam, sticky: false }, 'cni.dev/valid-attachments': [] };
    expect(call(host, bridge, 'GC', { conf: gc }).status).toBe(0);
    expect(host.sh(`find ${directory} -type f | sort`)).toMatch(
      /^\S+\/last_reserved_ip\.0\n\S+\/last_reserved_ip\.1\n\S+\/lock\n$/,
    );
  });
});

describe.each(hostLocals)('sticky, with %s and the Go host-local on one directory', (_name, ours) => {
  const net = useDirectory(new SharedDirectory({ subnet: '10.1.2.0/28', sticky: true }));

  test('the Go host-local passes over the memory, and what it leases meanwhile is not free', () => {
    expect(net.lease(ours, 'a')).toEqual(['10.1.2.2/28']);
    expect(net.lease(ours, 'b')).toEqual(['10.1.2.3/28']);
    net.must(reference, 'CHECK', 'a');
    net.must(reference, 'DEL', 'a');
    net.must(ours, 'DEL', 'b');
    const memory = ['a eth0 10.1.2.2', 'b eth0 10.1.2.3'];
    expect(net.remembered()).toEqual(memory);
    expect(net.lease(reference, 'c', { args: 'IgnoreUnknown=1;IP=10.1.2.2' })).toEqual(['10.1.2.2/28']);
    expect(net.remembered()).toEqual(memory);
    expect(net.lease(ours, 'b')).toEqual(['10.1.2.3/28']);
    expect(net.lease(ours, 'a')).toEqual(['10.1.2.4/28']);
    for (const id of ['a', 'b', 'c']) net.must(reference, 'CHECK', id);
    for (const id of ['a', 'b', 'c']) net.must(reference, 'DEL', id);
    expect([net.leased(), net.indexed()]).toEqual([[], []]);
    expect(net.lease(reference, 'd')).toEqual(['10.1.2.5/28']);
    expect(net.lease(ours, 'b')).toEqual(['10.1.2.3/28']);
  });
});
