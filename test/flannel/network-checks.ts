import { outside, placeOf } from '../cluster/lan.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { fromMachine, mustBeClean, plain } from '../runtimes/surroundings.ts';
import type { FlannelCluster } from './cluster.ts';
import type { FlannelNode, Pod } from './node.ts';

/** A pod and where it runs. */
interface Placed {
  readonly node: FlannelNode;
  readonly pod: Pod;
}

const hostPort = 8080;

/** Fails unless the server saw the client that was expected. */
async function mustBeSeenAs(seen: string, client: string): Promise<string> {
  must(seen.endsWith(` ${client}`), `${seen} was seen, not ${client}`);
  return client;
}

/** Pods on every node, and what reaches what. */
export async function networkChecks(cluster: FlannelCluster, checks: Checks): Promise<void> {
  const [one, two] = cluster.nodes;
  const placed: Placed[] = [];
  await checks.check('ADD', async () => {
    for (const node of cluster.nodes) placed.push({ node, pod: await node.add('a') });
    placed.push({ node: one, pod: await one.add('b', 'cbr0', hostPort) });
    return placed.map(({ node, pod }) => `${node.name} ${pod.addresses.join(' and ')}`).join(', ');
  });
  for (const { node } of placed.slice(0, 1)) await checks.check('what a pod gets', () => asFlannelSays(node));
  const [first, second] = placed;
  if (first === undefined || second === undefined) return;
  await checks.check('CHECK', async () => {
    const { status, stdout, stderr } = await one.cni('check', 'a');
    must(status === 0, stdout + stderr);
    return 'passes';
  });
  await checks.check('pod to pod', () => everyPodToEvery(placed));
  await checks.check('packets of the full MTU between nodes', async () => {
    const sizes: number[] = [];
    const mtu = Number((await one.subnet()).FLANNEL_MTU);
    for (const address of second.pod.addresses) {
      // flanneld's MTU is for IPv4 outside of the tunnel; the header of IPv6 is 20 bytes longer.
      const whole = cluster.shape.backend === 'vxlan' && address.includes(':') ? mtu - 20 : mtu;
      must(await one.pings('a', address, whole), `no answer from ${address} to ${whole} bytes`);
      must(!(await one.pings('a', address, whole + 1)), `${whole + 1} bytes to ${address} went through`);
      sizes.push(whole);
    }
    return `${sizes.join(' (IPv4) and ')} bytes go through in one piece, one more doesn't`;
  });
  await checks.check('to the outside', async () => {
    const v4 = await mustBeSeenAs(await one.ask(outside.v4, 'a'), placeOf(1).v4);
    if (!cluster.shape.dualStack) return `masqueraded as ${v4}`;
    return `masqueraded as ${v4} and ${await mustBeSeenAs(await one.ask(outside.v6, 'a'), placeOf(1).v6)}`;
  });
  await checks.check(
    'a node to a pod of another',
    async () => `${await two.ask(first.pod.addresses[0] ?? '')}`,
  );
  await checks.check('hostPort', () => forwarded(cluster));
  await checks.check('DEL, twice', async () => {
    for (const { node, pod } of placed) {
      const port = pod.name === 'b' ? hostPort : undefined;
      const { status, stdout, stderr } = await node.cni('del', pod.name, 'cbr0', port);
      must(status === 0, stdout + stderr);
      await node.del(pod.name, 'cbr0', port);
    }
    for (const node of cluster.nodes) await mustBeClean(node.machine);
    return 'no lease, veth, masquerading or forwarded port is left on any node';
  });
}

/** Compares a pod's network with what flanneld wrote. */
async function asFlannelSays(node: FlannelNode): Promise<string> {
  const { FLANNEL_SUBNET = '', FLANNEL_MTU, FLANNEL_NETWORK } = await node.subnet();
  const [link] = await node.machine.json<{ mtu: number }[]>('ip -n a -j link show eth0');
  must(link?.mtu === Number(FLANNEL_MTU), `MTU ${link?.mtu}, and flanneld's ${FLANNEL_MTU}`);
  const bridge = await node.machine.sh('ip -o -4 addr show cni0');
  must(bridge.includes(` ${FLANNEL_SUBNET} `), `cni0 has ${bridge}, and flanneld ${FLANNEL_SUBNET}`);
  const gateway = FLANNEL_SUBNET.replace(/\/.*/, '');
  const routes = await node.machine.json<{ dst: string; gateway?: string }[]>('ip -n a -j -4 route');
  const through = routes.filter((route) => route.gateway === gateway).map((route) => route.dst);
  must(
    through.sort().join() === [FLANNEL_NETWORK, 'default'].sort().join(),
    `routes by the gateway: ${through.join(' ')}`,
  );
  return `MTU ${FLANNEL_MTU}, gateway ${gateway} on cni0, routes to ${through.join(' and ')}`;
}

/** Every pod asks every other, on both nodes and in both families; none may be masqueraded. */
async function everyPodToEvery(placed: readonly Placed[]): Promise<string> {
  let count = 0;
  for (const client of placed) {
    for (const server of placed) {
      if (client === server) continue;
      for (const [family, address] of server.pod.addresses.entries()) {
        const own = client.pod.addresses[family] ?? '';
        await mustBeSeenAs(await client.node.ask(address, client.pod.name), own);
        count++;
      }
    }
  }
  return `${count} requests answered, each seen with the pod's own address`;
}

/** Asks the forwarded port from everywhere. */
async function forwarded(cluster: FlannelCluster): Promise<string> {
  const [one, two] = cluster.nodes;
  const place = `${placeOf(1).v4}:${hostPort}`;
  const answers = {
    outside: await fromMachine(cluster.lan, place),
    'another node': plain(await two.ask(place)),
    'a pod of another node': await two.ask(place, 'a'),
    'a pod of the node': await one.ask(place, 'a'),
    'the pod itself': await one.ask(place, 'b'),
  };
  const wrong = Object.entries(answers).find(([, answer]) => !answer.startsWith('node1 '));
  must(wrong === undefined, `${wrong?.[0]}: ${wrong?.[1]}`);
  return `answers ${Object.keys(answers).join(', ')}`;
}
