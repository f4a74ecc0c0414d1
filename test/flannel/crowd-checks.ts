import { type Checks, must } from '../runtimes/checks.ts';
import { mustBeClean } from '../runtimes/surroundings.ts';
import type { FlannelCluster } from './cluster.ts';
import type { FlannelNode, Pod } from './node.ts';

/** How many pods of a node start at once. */
const atOnce = 8;

/** Applies a function to all values, some at a time, and returns the results in their order. */
async function each<T, R>(values: readonly T[], act: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = values.entries();
  const work = async () => {
    for (const [index, value] of rest) results[index] = await act(value);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** The addresses that don't answer the node's pods: each asks the pod of the same name on the next node. */
async function silent(node: FlannelNode, pods: readonly Pod[]): Promise<string[]> {
  const answered = await each(pods, async ({ name, addresses }) => {
    const answers = await Promise.all(addresses.map((address) => node.pings(name, address)));
    return addresses.filter((_, index) => !answers[index]);
  });
  return answered.flat();
}

/** Many pods on all nodes: up, down, and up again. */
export async function crowdChecks({ nodes, shape }: FlannelCluster, checks: Checks): Promise<void> {
  // All namespaces of this machine share one table of 1,024 IPv6 neighbours, several of each pod.
  const ofEach = nodes.length > 2 && !shape.dualStack ? 100 : 20;
  const names = Array.from({ length: ofEach }, (_, index) => `m${index}`);
  const count = names.length * nodes.length;
  for (const round of ['up', 'up again']) {
    await checks.check(`${count} pods ${round}`, async () => {
      const pods = await Promise.all(nodes.map((node) => each(names, (name) => node.attach(name))));
      const addresses = pods.flat().flatMap((pod) => pod.addresses);
      const expected = count * (shape.dualStack ? 2 : 1);
      must(addresses.length === expected, `${addresses.length} addresses`);
      must(new Set(addresses).size === expected, 'an address was given twice');
      const next = (index: number) => pods[(index + 1) % nodes.length] ?? [];
      const unheard = await Promise.all(nodes.map((node, index) => silent(node, next(index))));
      must(unheard.flat().length === 0, `no answer from ${unheard.flat().join(' ')}`);
      return `${expected} addresses, none twice; each pod is answered by one of another node`;
    });
    await checks.check(`${count} pods down, after they were ${round}`, async () => {
      await Promise.all(nodes.map((node) => each(names, (name) => node.del(name))));
      for (const node of nodes) await mustBeClean(node.machine);
      return 'no lease, veth, masquerading or forwarded port is left on any node';
    });
  }
}
