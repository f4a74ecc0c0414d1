// A real Kubernetes cluster, whose pods our plugins connect: two nodes that are machines of their own.
// usage: main.ts [iptables | nftables | iptables-dual | nftables-dual ...]
import { runChecks } from '../cluster/comparison.ts';
import { stopMachinesOnSignals } from '../cluster/machines.ts';
import { Checks, tally } from '../runtimes/checks.ts';
import { churnChecks } from './churn-checks.ts';
import { KubernetesCluster } from './cluster.ts';
import { endChecks } from './end-checks.ts';
import { failureChecks } from './failure-checks.ts';
import { installChecks } from './install-checks.ts';
import { networkChecks } from './network-checks.ts';
import { shapes } from './shape.ts';

/** What runs unless it is said otherwise: each mode and each number of families once. */
const usual = ['iptables', 'nftables-dual'];

async function main(names: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('e2e-kubernetes needs root, to run containers');
  process.umask(0o022);
  stopMachinesOnSignals();
  for (const name of names) {
    const shape = shapes[name];
    if (shape === undefined) throw new Error(`there is no ${name}, only ${Object.keys(shapes).join(' ')}`);
    await runChecks(`kube-proxy with ${name}`, async (checks, side) => {
      const cluster = await KubernetesCluster.start({ ...shape, side });
      await networkChecks(cluster, checks);
      await churnChecks(cluster, checks);
      await failureChecks(cluster, checks);
      await endChecks(cluster, checks);
      if (side === 'ours') await installChecks(cluster, new Checks(`deploy/kubernetes, ${name}`, 'none'));
    });
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

const asked = process.argv.slice(2);

main(asked.length > 0 ? asked : usual).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
