import { add, call, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

// `make e2e-vlan` runs this in user-mode-linux, whose kernel filters VLANs.
const plain = { cniVersion: '1.1.0', name: 'lab', type: 'bridge', bridge: 'br0' };
const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };
const gateway = { ...plain, vlan: 10, isGateway: true, ipam };

describe.each(executables)('VLANs taken back by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const second = { containerID: 'c2', netns: '/run/netns/c2' };

  /** An ADD that fails after everything else: nobody reads its result. */
  const failAtLast = (containerID: string): void => {
    const variables = `CNI_COMMAND=ADD CNI_CONTAINERID=${containerID} CNI_NETNS=/run/netns/${containerID}`;
    const command = `exec env -i ${variables} CNI_IFNAME=eth0 CNI_PATH=/ ${bridge} >/dev/full`;
    const { status, stderr } = host.run(['sh', '-c', command], { input: JSON.stringify(gateway) });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  };

  test.each([
    ['without a bridge', 'true'],
    ['with a bridge that does not filter', 'ip link add br0 address 02:00:00:00:00:09 up type bridge'],
    [
      'with a gateway link that is down',
      'ip link add br0 address 02:00:00:00:00:09 up type bridge && ip link add br0.10 type bridge',
    ],
  ])('an ADD that fails leaves all as it was, %s', (_case, setup) => {
    host.sh(setup);
    const before = host.snapshot('c1');
    failAtLast('c1');
    expect(host.snapshot('c1')).toBe(before);
  });

  test('an ADD that fails leaves the gateway to those who use it', () => {
    add(host, bridge, { conf: gateway });
    const before = host.snapshot('c1', 'c2');
    failAtLast('c2');
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('forceAddress gives the gateway another address', () => {
    add(host, bridge, { conf: gateway });
    const other = { ...gateway, ipam: { ...ipam, subnet: '10.2.0.0/24' } };
    expect(failure(host, bridge, 'ADD', { conf: other, ...second }).msg).toContain(
      '"br0.10" already has an IP address different from',
    );
    add(host, bridge, { conf: { ...other, forceAddress: true }, ...second });
    expect(host.sh('ip -br -4 addr show br0.10')).toMatch(/ 10\.2\.0\.1\/24\s*$/);
  });

  test('two ADDs at once make one gateway', () => {
    const settings = `CNI_COMMAND=ADD CNI_IFNAME=eth0 CNI_PATH=/`;
    host.sh(`cat >/run/conf <<'CONF'\n${JSON.stringify(gateway)}\nCONF
      for c in c1 c2; do
        env ${settings} CNI_CONTAINERID=$c CNI_NETNS=/run/netns/$c ${bridge} </run/conf >/run/$c & pids="$pids $!"
      done
      for pid in $pids; do wait $pid; done`);
    for (const name of ['c1', 'c2']) host.sh(`ip netns exec ${name} ping -c 1 -W 10 10.1.0.1`);
    expect(host.json<unknown[]>('ip -j link show type veth')).toHaveLength(4);
  });

  test.each([
    ['the native VLAN is gone', 'bridge vlan del vid 10 dev $port', 'VLAN 10 of veth'],
    ['a VLAN of the trunk is untagged', 'bridge vlan add vid 21 dev $port untagged', 'VLAN 21 of veth'],
    ['the bridge filters no longer', 'ip link set br0 type bridge vlan_filtering 0', 'VLAN filtering of br0'],
    ['the gateway is gone', 'ip link del br0.10', 'link br0.10'],
  ])('CHECK finds that %s', (_case, harm, words) => {
    const conf = { ...gateway, vlanTrunk: [{ minID: 20, maxID: 29 }] };
    const prevResult = add(host, bridge, { conf });
    const request = { conf: { ...conf, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh(`port=${prevResult.interfaces[1]?.name}; ${harm}`);
    expect(failure(host, bridge, 'CHECK', request).msg).toContain(words);
  });
});
