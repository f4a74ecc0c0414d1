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

/** Calls that may overlap, and how long it took from the first one's start to the last one's end. */
async function timed<R>(calls: () => Promise<R>): Promise<readonly [result: R, seconds: string]> {
  const began = performance.now();
  const result = await calls();
  return [result, `${((performance.now() - began) / 1000).toFixed(1)} s`];
}

/**
 * Many pods on all nodes: up, down, and up again. What is timed is cnitool's calls with all plugins of the list, eight at
 * a time on each node, without the namespaces and the pings.
 */
export async function crowdChecks({ nodes, shape }: FlannelCluster, checks: Checks): Promise<void> {
  const names = Array.from({ length: shape.crowd }, (_, index) => `m${index}`);
  const count = names.length * nodes.length;
  const onAll = <R>(act: (node: FlannelNode, name: string) => Promise<R>): Promise<R[][]> =>
    Promise.all(nodes.map((node) => each(names, (name) => act(node, name))));
  for (const round of ['up', 'up again']) {
    await checks.check(`${count} pods ${round}`, async () => {
      await onAll((node, name) => node.makeNamespace(name));
      const [pods, seconds] = await timed(() => onAll((node, name) => node.attach(name)));
      const addresses = pods.flat().flatMap((pod) => pod.addresses);
      const expected = count * (shape.dualStack ? 2 : 1);
      must(addresses.length === expected, `${addresses.length} addresses`);
      must(new Set(addresses).size === expected, 'an address was given twice');
      const next = (index: number) => pods[(index + 1) % nodes.length] ?? [];
      const unheard = await Promise.all(nodes.map((node, index) => silent(node, next(index))));
      must(unheard.flat().length === 0, `no answer from ${unheard.flat().join(' ')}`);
      return `ADDs in ${seconds}; ${expected} addresses, none twice; each pod is answered by one of another node`;
    });
    await checks.check(`${count} pods down, after they were ${round}`, async () => {
      const [, seconds] = await timed(() => onAll((node, name) => node.detach(name)));
      await onAll((node, name) => node.removeNamespace(name));
      for (const node of nodes) await mustBeClean(node.machine);
      return `DELs in ${seconds}; no lease, veth, masquerading or forwarded port is left on any node`;
    });
  }
}
