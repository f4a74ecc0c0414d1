import { outside } from '../cluster/lan.ts';
import { ours } from '../cluster/ours.ts';
import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { addressOf, distinctAddresses, type KubernetesCluster, onNode, type Pod } from './cluster.ts';
import type { KubernetesNode } from './node.ts';
import { deployment, pod } from './workload.ts';

/** The workload's pods. */
const usual = 7;

/** What becomes of pods when parts of the cluster fail. */
export async function failureChecks(cluster: KubernetesCluster, checks: Checks): Promise<void> {
  await checks.check('kill -9 of containerd under running pods', () => containerdKilled(cluster));
  await checks.check('kill -9 of the API server', () => apiserverKilled(cluster));
  await checks.check('a full podCIDR', () => fullRange(cluster));
  await checks.check("a podCIDR that overlaps the nodes' network", () => overlapping(cluster));
  await checks.check('a node reboots', () => rebooted(cluster));
  await checks.check('the power fails while pods start', () => powerCut(cluster));
}

/** Names and addresses, to be the same before and after. */
function fingerprint(pods: readonly Pod[]): string {
  return pods
    .map(({ metadata, status }) => `${metadata.name} ${status.podIP}`)
    .sort()
    .join(', ');
}

/** A pod of the first node reaches one of the second, with its own address seen. */
async function mustReachAcross(cluster: KubernetesCluster): Promise<void> {
  const pods = await cluster.pods();
  const [answer = ''] = await cluster.ask('client', addressOf(pods, 'far'));
  must(answer === `far ${addressOf(pods, 'client')}`, answer);
}

async function containerdKilled(cluster: KubernetesCluster): Promise<string> {
  const [node] = cluster.nodes;
  const before = fingerprint(await cluster.pods());
  await node.containerd.stop('KILL');
  await node.startContainerd();
  await cluster.ready();
  const after = fingerprint(await cluster.podsReady(usual));
  must(after === before, `before: ${before}; after: ${after}`);
  await mustReachAcross(cluster);
  await cluster.plane.apply(deployment('fresh', 2, node.name));
  await cluster.podsReady(2, '-l app=fresh');
  await cluster.plane.kubectl('delete deployment fresh');
  await cluster.podsReady(usual);
  return `the same pods with the same addresses, reachable; new ones start; ${await cluster.holdsWhatPodsNeed()}`;
}

async function apiserverKilled(cluster: KubernetesCluster): Promise<string> {
  const { plane, nodes } = cluster;
  const [node] = nodes;
  const pods = await cluster.pods();
  const held = JSON.stringify(await node.holds());
  await plane.apiserver.stop('KILL');
  // kubectl can't be used; the node's own pods are asked by their addresses.
  const answer = await node.machine.sh(`printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' |
    busybox nc -w 30 ${addressOf(pods, 'far')} 80 | tail -n 1`);
  must(answer.startsWith('far '), answer);
  await plane.startApiserver();
  await cluster.ready();
  const after = fingerprint(await cluster.podsReady(usual));
  must(after === fingerprint(pods), `before: ${fingerprint(pods)}; after: ${after}`);
  must(JSON.stringify(await node.holds()) === held, `${held} became ${JSON.stringify(await node.holds())}`);
  await mustReachAcross(cluster);
  await cluster.scale('web', 8);
  await cluster.podsReady(usual + 4);
  await cluster.scale('web', 4);
  await cluster.podsReady(usual);
  return `pods answer without it; afterwards they are the same, and new ones start; ${await cluster.holdsWhatPodsNeed()}`;
}

interface Event {
  readonly reason: string;
  readonly message?: string;
}

/** Leaves a node's network with exactly the addresses that its pods have: ranges of one address each. */
async function closeRange(node: KubernetesNode): Promise<void> {
  const taken = `"$(ls /var/lib/cni/networks/pods | grep '^[0-9]*[.]')"`;
  await node.changeNetwork(
    `.plugins[0].ipam.ranges[0] |= (.[0].subnet as $subnet | [$taken | split("\\n")[] | select(. != "") |
      {subnet: $subnet, rangeStart: ., rangeEnd: .}])`,
    `--arg taken ${taken}`,
  );
}

async function fullRange(cluster: KubernetesCluster): Promise<string> {
  const { plane, nodes } = cluster;
  const [node] = nodes;
  await closeRange(node);
  await cluster.ready();
  let event: Event | undefined;
  try {
    await plane.apply(deployment('late', 2, node.name));
    const refusal = ({ message }: Event) => message?.includes('no IP addresses available') === true;
    const events = await until(
      'an event that says so',
      () => plane.list<Event>('events'),
      (all) => all.some(refusal),
    );
    event = events.find(refusal);
    await cluster.ready();
    await until(
      'as many leases as pods with an address',
      async () => ({ pods: await cluster.pods(onNode(node)), held: await node.holds() }),
      ({ pods, held }) => held.leases === pods.filter(({ status }) => status.podIP !== undefined).length,
    );
  } finally {
    await node.restoreNetwork();
  }
  await cluster.podsReady(2, '-l app=late');
  await plane.kubectl('delete deployment late');
  await cluster.podsReady(usual);
  const said = event?.message?.match(/no IP addresses [a-z ]*/)?.[0];
  return `nodes stay Ready; event ${event?.reason}: "… ${said} …"; with room again the pods start; ${await cluster.holdsWhatPodsNeed()}`;
}

/** The worst case: the pods' gateway has the address of the API server, which the node then looks for on itself. */
async function overlapping(cluster: KubernetesCluster): Promise<string> {
  const { plane, nodes } = cluster;
  const [node] = nodes;
  const before = await node.holds();
  // Whatever it answers without a token, it does answer.
  const reaches = async () =>
    (await node.machine.run(['curl', '-sSk', '--max-time', '60', `https://${outside.v4}:6443/`])).status ===
    0;
  must(await reaches(), 'the API server is out of reach already');
  const doctor = () => node.machine.run([ours, 'doctor']);
  await node.changeNetwork(
    '.plugins[0].bridge = "cni1" | .plugins[0].ipam.ranges[0] = [{subnet: "192.168.90.0/24"}]',
  );
  let said = '';
  try {
    await plane.apply(pod('overlap', node.name));
    await until(
      'the lease',
      () => node.holds(),
      ({ leases }) => leases === before.leases + 1,
    );
    const answer = await until(
      "the bridge's address",
      () => node.machine.sh('ip -o -4 addr show cni1'),
      (text) => text.includes(outside.v4),
    );
    must(answer !== '' && !(await reaches()), 'the API server is still in reach');
    said = (await doctor()).stdout.match(/^subnet .* overlaps .*$/m)?.[0] ?? '';
    must(said !== '', `cni-bridge doctor: ${(await doctor()).stdout}`);
  } finally {
    await node.machine.sh('ip link del cni1');
    await node.restoreNetwork();
  }
  await until('the API server', reaches, (answers) => answers);
  await plane.kubectl('delete pod overlap');
  await cluster.ready();
  await cluster.podsReady(usual);
  return `the node loses the API server; cni-bridge doctor: "${said}"; with the right list and without the bridge it comes back; ${await cluster.holdsWhatPodsNeed()}`;
}

async function rebooted(cluster: KubernetesCluster): Promise<string> {
  const [node] = cluster.nodes;
  const before = await node.holds();
  await rebootUnderPods(cluster, usual);
  await mustReachAcross(cluster);
  return `${before.leases} leases before it; all pods run again and reach the other node; ${await cluster.holdsWhatPodsNeed()}`;
}

/** The containers of a node's pods, as far as the API server knows. */
async function containersOn(cluster: KubernetesCluster, node: KubernetesNode): Promise<readonly string[]> {
  const pods = await cluster.plane.list<Pod>(`pods ${onNode(node)}`);
  return pods
    .flatMap(({ status }) => status.containerStatuses ?? [])
    .map(({ containerID = '' }) => containerID);
}

/**
 * Reboots the first node, and waits until all pods run again: what the API server says of them is of this boot once
 * none has the container that it had.
 */
async function rebootUnderPods(cluster: KubernetesCluster, count: number): Promise<void> {
  const [node] = cluster.nodes;
  const before = await containersOn(cluster, node);
  await node.reboot();
  await cluster.route();
  await until(
    'pods with new containers',
    () => containersOn(cluster, node),
    (after) => after.length > 0 && !after.some((container) => before.includes(container)),
  );
  await cluster.ready();
  distinctAddresses(await cluster.podsReady(count));
}

async function powerCut(cluster: KubernetesCluster): Promise<string> {
  const [node] = cluster.nodes;
  const before = (await node.holds()).leases;
  await cluster.scale('web', 30);
  const amid = await until(
    'the first new leases',
    () => node.holds(),
    ({ leases }) => leases >= before + 3,
  );
  await rebootUnderPods(cluster, usual + 26);
  await mustReachAcross(cluster);
  const held = await cluster.holdsWhatPodsNeed();
  await cluster.scale('web', 4);
  await cluster.podsReady(usual);
  return `${amid.leases - before} new leases when it failed; afterwards ${held}, no address twice`;
}
