import { configure, places, runCli } from '../support/cli.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const exclude = ['10.1.2.1/32', '10.1.2.2', '10.1.2.4/31'];
const ranges = [
  [{ subnet: '10.1.2.0/29', exclude }],
  [{ subnet: 'fd00::/64', exclude: ['fd00::/65', 'fd00::8000:0:0:0/127'] }],
];
const conf = {
  cniVersion: '1.1.0',
  name: 'net',
  type: 'bridge',
  bridge: 'net',
  isGateway: true,
  ipam: { type: 'host-local', ranges },
};

describe.each(executables)('exclude, with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'c3');
  const addressesIn = (netns: string): string[] =>
    host
      .json<{ addr_info: { local: string }[] }[]>(`ip -n ${netns} -j addr show dev eth0 scope global`)
      .flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
  const request = (id: string) => ({ conf, containerID: id, netns: `/run/netns/${id}` });

  test('excluded addresses are passed over, and the list counts the others', () => {
    add(host, bridge, request('c1'));
    add(host, bridge, request('c2'));
    expect(addressesIn('c1')).toEqual(['10.1.2.3', 'fd00::8000:0:0:2']);
    expect(addressesIn('c2')).toEqual(['10.1.2.6', 'fd00::8000:0:0:3']);
    // The gateway keeps an address that is excluded.
    expect(host.sh('ip -o addr show dev net')).toContain('inet 10.1.2.1/29');
    const { code, msg } = failure(host, bridge, 'ADD', request('c3'));
    expect(code).toBe(11);
    expect(msg).toContain('10.1.2.1-10.1.2.6 (2 addresses, 2 leased, the excluded ones not counted)');
    expect(host.sh('ls /var/lib/cni/networks/net')).not.toContain('10.1.2.2\n');

    const ipam = { type: 'host-local', subnet: '10.1.2.0/29', exclude };
    configure(host, { ...conf, ipam });
    const asked = { ...request('c3'), conf: { ...conf, ipam }, env: { CNI_ARGS: 'IP=10.1.2.5' } };
    expect(add(host, bridge, asked).ips.map(({ address }) => address)).toEqual(['10.1.2.5/29']);
    expect(addressesIn('c3')).toEqual(['10.1.2.5']);
    const { stdout } = runCli(host, bridge, ['list', ...places]);
    expect(stdout).toContain('2 of 2 and 3 besides leased');
    for (const id of ['c1', 'c2', 'c3']) del(host, bridge, request(id));
    expect(host.sh('ls /var/lib/cni/networks/net')).toBe('last_reserved_ip.0\nlast_reserved_ip.1\nlock\n');
    expect(host.sh('ip -o link show type veth')).toBe('');
  });

  test('CHECK, DEL and GC take an excluded address for any other', () => {
    const asked = { ...request('c1'), env: { CNI_ARGS: 'IP=10.1.2.5' } };
    const prevResult = add(host, bridge, asked);
    expect(call(host, bridge, 'CHECK', { ...asked, conf: { ...conf, prevResult } }).status).toBe(0);
    const valid = { ...conf, 'cni.dev/valid-attachments': [] };
    expect(call(host, bridge, 'GC', { conf: valid }).status).toBe(0);
    expect(host.sh('ls /var/lib/cni/networks/net')).toBe('last_reserved_ip.0\nlast_reserved_ip.1\nlock\n');
  });
});

describe.each(hostLocals)('exclude, with %s and the Go host-local on one directory', (_name, ours) => {
  const net = new SharedDirectory({ subnet: '10.1.2.0/28', exclude: ['10.1.2.4/30'] });
  afterEach(() => net.remove());

  test('the Go host-local leases what ours excludes, and ours goes on after it', () => {
    expect(net.lease(ours, 'a')).toEqual(['10.1.2.2/28']);
    expect(net.lease(reference, 'b')).toEqual(['10.1.2.3/28']);
    expect(net.lease(reference, 'c')).toEqual(['10.1.2.4/28']);
    expect(net.lease(ours, 'd')).toEqual(['10.1.2.8/28']);
    for (const id of ['a', 'c', 'd']) net.must(ours, 'CHECK', id);
    net.must(ours, 'DEL', 'c');
    net.must(reference, 'DEL', 'd');
    expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.3']);
  });
});
