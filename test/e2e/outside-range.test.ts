import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const ranges = [
  [{ subnet: '10.1.2.0/24', rangeStart: '10.1.2.100' }],
  [{ subnet: 'fd00::/64', rangeStart: 'fd00::100' }],
];
const ipam = { type: 'host-local', ranges, requestOutsideRange: true };
const conf = { cniVersion: '1.1.0', name: 'net', type: 'bridge', bridge: 'net', isGateway: true, ipam };
const request = {
  conf: { ...conf, runtimeConfig: { ips: ['10.1.2.7/24', 'fd00::7/64'] } },
};

describe.each(executables)('requestOutsideRange, with %s', (_name, bridge) => {
  const host = useHost('c1');

  test('the container has the addresses, and reaches the gateway from them', () => {
    const prevResult = add(host, bridge, request);
    expect(host.sh('ip -n c1 -o addr show dev eth0 scope global')).toMatch(
      /inet 10\.1\.2\.7\/24 .*\n.*inet6 fd00::7\/64 /,
    );
    for (const [from, to] of [
      ['10.1.2.7', '10.1.2.1'],
      ['fd00::7', 'fd00::1'],
    ]) {
      host.sh(`ip netns exec c1 ping -c 1 -W 5 -I ${from} ${to}`);
    }
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } }).stdout).toBe('');
    del(host, bridge, request);
    expect(host.sh('ls /var/lib/cni/networks/net')).toBe('lock\n');
  });

  test('without the option it is refused, and nothing is left', () => {
    const without = { ...ipam, requestOutsideRange: false };
    const { code, details } = failure(host, bridge, 'ADD', { conf: { ...request.conf, ipam: without } });
    expect([code, details]).toEqual([
      7,
      expect.stringContaining('"requestOutsideRange": true would allow it'),
    ]);
    expect(host.sh('ip -o link show type veth; ip -o link show type bridge')).toBe('');
  });
});

describe.each(hostLocals)('%s and the Go host-local on one directory', (_name, ours) => {
  const net = new SharedDirectory({
    subnet: '10.1.2.0/24',
    rangeStart: '10.1.2.100',
    requestOutsideRange: true,
  });
  afterEach(() => net.remove());

  test('the Go host-local checks and releases an address outside the range', () => {
    const asked = { args: 'IgnoreUnknown=1;IP=10.1.2.7' };
    expect(net.lease(reference, 'a')).toEqual(['10.1.2.100/24']);
    expect(net.lease(ours, 'b', asked)).toEqual(['10.1.2.7/24']);
    expect(net.lease(reference, 'c')).toEqual(['10.1.2.101/24']);
    net.must(reference, 'CHECK', 'b');
    net.must(reference, 'DEL', 'b');
    expect(net.lease(ours, 'd', asked)).toEqual(['10.1.2.7/24']);
    net.must(ours, 'DEL', 'd', asked);
    expect(net.leased()).toEqual(['10.1.2.100', '10.1.2.101']);
  });
});
