import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { leases, mustBeClean } from '../runtimes/surroundings.ts';
import type { FlannelCluster } from './cluster.ts';
import type { FlannelNode, Pod } from './node.ts';

const names = Array.from({ length: 12 }, (_, index) => `p${index}`);

/** The pods that have a lease on a node: each has one IPv4 address. */
async function leased(node: FlannelNode): Promise<number> {
  return (await leases(node.machine)).filter((path) => !path.includes(':')).length;
}

/** A node loses power while pods start on it, and all of them start again. */
export async function powerChecks(cluster: FlannelCluster, checks: Checks): Promise<void> {
  const [one, two] = cluster.nodes;
  await cluster.check(checks, 'the power fails while pods start', async () => {
    for (const name of names) await one.makeNamespace(name);
    const starts = names.map((name) => one.cni('add', name));
    const held = await until(
      'the first leases',
      () => leased(one),
      (count) => count >= names.length / 4,
    );
    await one.reboot();
    await Promise.all(starts);
    const left = await leased(one);
    await one.startFlanneld();
    await cluster.routed();
    const pods: Pod[] = [];
    for (const name of names) pods.push(await one.add(name));
    const addresses = pods.map(({ addresses: [first = ''] }) => first);
    must(new Set(addresses).size === names.length, `addresses: ${addresses.join(' ')}`);
    const known = await leases(one.machine);
    const lost = addresses.find((address) => !known.includes(`cbr0/${address}`));
    must(lost === undefined, `${lost} is not leased`);
    const far = await two.add('far');
    for (const address of addresses) {
      const seen = await two.ask(address, 'far');
      must(seen === `node1 ${far.addresses[0]}`, `${address}: ${seen}`);
    }
    for (const name of names) await one.del(name);
    await two.del('far');
    await mustBeClean(one.machine);
    return `${held} of ${names.length} were leased, ${left} were on the disk after it; all start, with ${addresses.length} addresses, and answer another node; nothing is left of either boot`;
  });
}
