import { add, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = {
  cniVersion: '1.0.0',
  name: 'net',
  type: 'bridge',
  bridge: 'br0',
  isGateway: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] },
};
const reused = (containerID: string) => ({
  conf,
  containerID,
  netns: `/run/netns/${containerID}`,
  env: { CNI_ARGS: 'IP=10.1.0.9,fd00::9' },
});

describe.each(executables)('%s gives an address that a neighbour has just talked to', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'c3');

  /** The MAC address that somebody knows for an address; the host where no container is named. */
  const known = (address: string, container?: string): string | undefined =>
    host.json<{ lladdr?: string }[]>(
      `ip ${container ? `-n ${container}` : ''} -j neigh show to ${address}`,
    )[0]?.lladdr;

  test.each([
    ['10.1.0.9', 'IPv4'],
    ['fd00::9', 'IPv6'],
  ])('%s: host and neighbours hear of the new MAC address (%s)', (address) => {
    add(host, bridge, { conf, containerID: 'c3', netns: '/run/netns/c3' });
    const before = add(host, bridge, reused('c1')).interfaces[2]?.mac;
    host.sh(`ping -c1 -W5 ${address} && ip netns exec c3 ping -c1 -W5 ${address}`);
    expect([known(address), known(address, 'c3')]).toEqual([before, before]);
    del(host, bridge, reused('c1'));
    const after = add(host, bridge, reused('c2')).interfaces[2]?.mac;
    expect(after).not.toBe(before);
    // What was announced may be on its way yet.
    host.sh(`timeout 10 sh -c "until ip neigh show to ${address} | grep -q ${after}; do sleep 0.01; done"`);
    host.sh(
      `timeout 10 sh -c "until ip -n c3 neigh show to ${address} | grep -q ${after}; do sleep 0.01; done"`,
    );
  });
});
