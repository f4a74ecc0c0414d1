import { symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { startLan } from '../cluster/lan.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { binDirectory, type Side } from '../runtimes/plugins.ts';
import { mustBeClean } from '../runtimes/surroundings.ts';
import { FlannelNode } from './node.ts';

/** A list as a project's documentation has it, filled in for one node. */
interface Documented {
  readonly of: string;
  readonly list: { readonly cniVersion: string; readonly name: string; readonly plugins: readonly object[] };
  /** What must answer a pod. */
  readonly gateways: readonly string[];
}

const portmap = { type: 'portmap', capabilities: { portMappings: true } };

function kubeRouter(ipam: object, more: object, chained: readonly object[] = []): Documented['list'] {
  const bridge = { name: 'kubernetes', type: 'bridge', bridge: 'kube-bridge', isDefaultGateway: true };
  const plugins = [{ ...bridge, ...more, ipam: { type: 'host-local', ...ipam } }, ...chained];
  return { cniVersion: '0.3.0', name: 'mynet', plugins };
}

/** kindnet's own plugin is ptp; the leases are host-local's, in a directory that doesn't survive a boot. */
function kindnet(subnets: readonly string[], destinations: readonly string[]): Documented['list'] {
  const ipam = {
    type: 'host-local',
    dataDir: '/run/cni-ipam-state',
    routes: destinations.map((dst) => ({ dst })),
    ranges: subnets.map((subnet) => [{ subnet }]),
  };
  return {
    cniVersion: '0.3.1',
    name: 'kindnet',
    plugins: [{ type: 'ptp', ipMasq: false, ipam, mtu: 1500 }, portmap],
  };
}

const documented: readonly Documented[] = [
  {
    of: 'kube-router',
    list: kubeRouter({ subnet: '10.244.1.0/24' }, {}),
    gateways: ['10.244.1.1'],
  },
  {
    of: 'kube-router with hostPort, and the MTU that it sets',
    list: kubeRouter({ ranges: [[{ subnet: '10.244.1.0/24' }]] }, { mtu: 1480 }, [
      { type: 'portmap', capabilities: { portMappings: true, snat: true } },
    ]),
    gateways: ['10.244.1.1'],
  },
  {
    of: 'kube-router for both families',
    list: kubeRouter(
      { ranges: [[{ subnet: '10.242.0.0/24' }], [{ subnet: '2001:db8:42:1000::/64' }]] },
      { mtu: 9001 },
    ),
    gateways: ['10.242.0.1', '2001:db8:42:1000::1'],
  },
  {
    of: 'kindnet, with our host-local',
    list: kindnet(['10.244.0.0/24'], ['0.0.0.0/0']),
    gateways: ['10.244.0.1'],
  },
  {
    of: 'kindnet for both families',
    list: kindnet(['10.244.0.0/24', 'fd00:10:244::/64'], ['0.0.0.0/0', '::/0']),
    gateways: ['10.244.0.1', 'fd00:10:244::1'],
  },
];

/** The lists that other networks' documentation has, with the plugins in their places. */
export async function conflistChecks(checks: Checks, side: Side): Promise<void> {
  const node = await FlannelNode.start(await startLan(), 1, side);
  const { machine } = node;
  symlinkSync(resolve('dist/reference/ptp'), `${machine.disk}${binDirectory}/ptp`);
  for (const { of, list, gateways } of documented) {
    await checks.check(of, async () => {
      node.configure(list);
      await node.makeNamespace('a');
      const pod = await node.attach('a', list.name, 8080);
      for (const gateway of gateways) must(await node.pings('a', gateway), `no answer from ${gateway}`);
      const held = await machine.sh(
        `ls /var/lib/cni/networks/${list.name} /run/cni-ipam-state/${list.name} 2>/dev/null || true`,
      );
      must(
        pod.addresses.every((address) => held.includes(address)),
        `leases: ${held}`,
      );
      await node.del('a', list.name, 8080);
      const left = await machine.sh(
        "find /run/cni-ipam-state -name '10.*' -o -name 'fd*' 2>/dev/null || true",
      );
      must(left === '', `left: ${left}`);
      const clean = await mustBeClean(machine);
      await machine.sh(
        'for bridge in $(ip -o link show type bridge | cut -d: -f2); do ip link del $bridge; done',
      );
      return `${pod.addresses.join(' and ')}, ${gateways.join(' and ')} answers; ${clean}`;
    });
  }
}
