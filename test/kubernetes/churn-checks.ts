import { secondsSince } from '../cluster/comparison.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { distinctAddresses, type KubernetesCluster } from './cluster.ts';

/** How many replicas one Deployment gets. */
const many = 100;
/** The pods `edge`, `client` and `far`. */
const others = 3;

/** Pods that are replaced, and many that come and go. */
export async function churnChecks(cluster: KubernetesCluster, checks: Checks): Promise<void> {
  const { plane } = cluster;
  await checks.check('a deleted pod is replaced', async () => {
    const [victim] = await cluster.pods('-l app=web');
    const name = victim?.metadata.name ?? '';
    await plane.kubectl(`delete pod ${name}`);
    const pods = await cluster.podsReady(4, '-l app=web');
    must(!pods.some(({ metadata }) => metadata.name === name), `${name} is still there`);
    return `${name} goes; ${await cluster.holdsWhatPodsNeed()}`;
  });
  for (const round of ['up', 'up again']) {
    await checks.check(`${many} replicas, ${round}`, async () => {
      const began = Date.now();
      await cluster.scale('web', many);
      const pods = await cluster.podsReady(many + others);
      const time = secondsSince(began);
      const addresses = distinctAddresses(pods);
      return `ready in ${time}; ${addresses.length} addresses, none twice; ${await cluster.holdsWhatPodsNeed()}`;
    });
    await checks.check(`4 replicas, after they were ${round}`, async () => {
      const began = Date.now();
      await cluster.scale('web', 4);
      await cluster.podsReady(4 + others);
      const held = await cluster.holdsWhatPodsNeed();
      return `gone in ${secondsSince(began)}; ${held}`;
    });
  }
}
