// flannel's CNI plugin delegating to ours, with flanneld and etcd, on nodes that are machines of their own.
// usage: main.ts [conflists | crowd | host-gw | vxlan | host-gw-dual | vxlan-dual ...]
import { runChecks } from '../cluster/comparison.ts';
import { stopMachinesOnSignals } from '../cluster/machines.ts';
import { tally } from '../runtimes/checks.ts';
import { FlannelCluster, type Shape } from './cluster.ts';
import { conflistChecks } from './conflist-checks.ts';
import { crowdChecks } from './crowd-checks.ts';
import { failureChecks } from './failure-checks.ts';
import { networkChecks } from './network-checks.ts';
import { powerChecks } from './power-checks.ts';
import { subnetChecks } from './subnet-checks.ts';

// All namespaces of this machine share one table of 1,024 IPv6 neighbours, several of each pod.
const shapes: Readonly<Record<string, Shape>> = {
  'host-gw': { backend: 'host-gw', nodes: 2, dualStack: false, crowd: 20 },
  vxlan: { backend: 'vxlan', nodes: 3, dualStack: false, crowd: 100 },
  'host-gw-dual': { backend: 'host-gw', nodes: 3, dualStack: true, crowd: 20 },
  'vxlan-dual': { backend: 'vxlan', nodes: 2, dualStack: true, crowd: 20 },
};

/** Only the many pods, which are three hundred. */
const crowd: Shape = { backend: 'host-gw', nodes: 3, dualStack: false, crowd: 100 };

async function main(names: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('e2e-flannel needs root, to make machines that can reboot');
  process.umask(0o022);
  stopMachinesOnSignals();
  const all = ['conflists', 'crowd', ...Object.keys(shapes)];
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`there is no ${unknown}, only ${all.join(' ')}`);
  console.log(
    'left out: Multus and the CNI plugin of flannel itself, which the Go module proxy does not have',
  );
  const isAsked = (name: string) => names.length === 0 || names.includes(name);
  if (isAsked('conflists')) await runChecks('conflists', conflistChecks);
  if (isAsked('crowd')) {
    await runChecks('crowd, host-gw, 3 nodes', async (checks, side) =>
      crowdChecks(await FlannelCluster.start(crowd, side), checks),
    );
  }
  for (const [name, shape] of Object.entries(shapes)) {
    if (!isAsked(name)) continue;
    await runChecks(`${name}, ${shape.nodes} nodes`, async (checks, side) => {
      const cluster = await FlannelCluster.start(shape, side);
      await networkChecks(cluster, checks);
      await subnetChecks(cluster, checks);
      await failureChecks(cluster, checks);
      await powerChecks(cluster, checks);
      await crowdChecks(cluster, checks);
    });
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
