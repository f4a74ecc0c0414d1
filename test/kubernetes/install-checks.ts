import { copyFileSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { binDirectory } from '../runtimes/plugins.ts';
import { mustBeClean } from '../runtimes/surroundings.ts';
import { addressOf, isReady, type KubernetesCluster, type Node } from './cluster.ts';
import { makeInstallerImages } from './installer-image.ts';
import type { KubernetesNode } from './node.ts';
import { conflist } from './pod-network.ts';
import { pod } from './workload.ts';

/** Where the manifests are, and the list of plugins that they lead to. */
const manifests = resolve('deploy/kubernetes');
const installed = '/etc/cni/net.d/10-cni-bridge.conflist';

const inSystem = '-n kube-system';
/** All files of the directories that the installer changes: kind, mode, target and content. */
const whatIsThere = `cd / && find etc/cni/net.d opt/cni/bin -printf '%p %y %m %l\\n' | sort
  find etc/cni/net.d opt/cni/bin -type f -exec sha256sum {} + | sort`;

/** Nodes that have no network get one by the manifests of deploy/kubernetes, and lose it again. */
export async function installChecks(cluster: KubernetesCluster, checks: Checks): Promise<void> {
  const { nodes } = cluster;
  const before: string[] = [];
  await checks.check('nodes without a network', async () => {
    await emptyNodes(cluster);
    for (const { machine } of nodes) before.push(await machine.sh(whatIsThere));
    return "not Ready; node1 has none of the installer's plugins, node2 the Go plugins";
  });
  await checks.check('kubectl apply -k deploy/kubernetes/network', () => applied(cluster));
  await checks.check('pods of the installed network', () => connected(cluster));
  await checks.check('kubectl delete -k, and deploy/kubernetes/uninstall', async () => {
    await removed(cluster);
    for (const [index, { name, machine }] of nodes.entries()) {
      const after = await machine.sh(whatIsThere);
      must(after === before[index], `${name} had: ${before[index]}; it has: ${after}`);
      await mustBeClean(machine);
    }
    return 'both nodes have the same files as before, and no lease, veth or masquerading';
  });
}

/** Leaves one node without any of our plugins, the other with the Go plugins under these names. */
async function emptyNodes(cluster: KubernetesCluster): Promise<void> {
  const { plane, nodes } = cluster;
  const [, two] = nodes;
  const images = makeInstallerImages(plane.lan.disk);
  const names = ['bridge', 'host-local', 'loopback'];
  for (const { machine } of nodes) {
    for (const image of images) await machine.sh(`ctr -n k8s.io images import ${image}`);
    await machine.sh(`rm ${conflist} /etc/cni/template`);
    for (const name of names) unlinkSync(`${machine.disk}${binDirectory}/${name}`);
  }
  for (const name of names) {
    copyFileSync(resolve('dist/reference', name), `${two.machine.disk}${binDirectory}/${name}`);
  }
  await until(
    'both nodes not Ready',
    () => plane.list<Node>('nodes'),
    (all) => !all.some(isReady),
  );
}

interface Conflist {
  readonly plugins: readonly [
    { readonly ipam: { readonly ranges: readonly (readonly { readonly subnet: string }[])[] } },
  ];
}

/** The subnets in the list of plugins that a node has now. */
async function subnetsOn({ machine }: KubernetesNode): Promise<string> {
  const { plugins }: Conflist = JSON.parse(await machine.sh(`cat ${installed}`));
  return plugins[0].ipam.ranges.map(([range]) => range?.subnet).join(' and ');
}

async function applied(cluster: KubernetesCluster): Promise<string> {
  const { plane, nodes } = cluster;
  await plane.kubectl(`apply -k ${manifests}/network`);
  await rolledOut(cluster, 'cni-bridge');
  const all = await cluster.ready();
  const [{ machine }] = nodes;
  const ours = await machine.sh(`${resolve('dist/bridge')} --version`);
  const words: string[] = [];
  for (const node of nodes) {
    const placed = await node.machine.sh(`${binDirectory}/bridge --version`);
    must(placed === ours, `${node.name} has ${placed}`);
    const given = all.find(({ metadata }) => metadata.name === node.name)?.spec.podCIDRs?.join(' and ');
    const subnets = await subnetsOn(node);
    must(subnets === given, `${node.name} has ${subnets}, and was given ${given}`);
    words.push(`${node.name} ${subnets}`);
  }
  return `both nodes are Ready, with the plugins of the image: ${words.join(', ')}`;
}

/** Waits until a DaemonSet runs on both nodes. */
async function rolledOut({ plane }: KubernetesCluster, name: string): Promise<void> {
  interface DaemonSet {
    readonly status: { readonly numberReady?: number };
  }
  await until(
    `the DaemonSet ${name} on both nodes`,
    async (): Promise<DaemonSet> =>
      JSON.parse(await plane.kubectl(`${inSystem} get daemonset ${name} -o json`)),
    ({ status }) => status.numberReady === 2,
  ).catch(async (error: unknown) => {
    const words = await plane.kubectl(`${inSystem} describe pods | tail -n 20`);
    throw new Error(`${error}; ${words}`);
  });
}

/** A pod of each node, which reaches the other: masqueraded, for so it is in the manifests' list. */
async function connected(cluster: KubernetesCluster): Promise<string> {
  const { plane, trial } = cluster;
  await plane.apply(pod('client', 'node1'), pod('far', 'node2'));
  const pods = await cluster.podsReady(2);
  const families = trial.dualStack ? [0, 1] : [0];
  for (const family of families) {
    const [answer = ''] = await cluster.ask('client', addressOf(pods, 'far', family));
    must(answer.startsWith('far '), answer);
  }
  const held = await cluster.holdsWhatPodsNeed();
  await plane.kubectl('delete pods --all --wait=false');
  await plane.noPods();
  const addresses = pods.flatMap(({ status }) => status.podIPs?.map(({ ip }) => ip));
  return `${addresses.join(' ')}, one reaches the other; ${held}`;
}

/** What docs/kubernetes-node.md says of removal. */
async function removed(cluster: KubernetesCluster): Promise<void> {
  const { plane } = cluster;
  await plane.kubectl(`delete -k ${manifests}/network`);
  await plane.noPods(inSystem);
  await plane.kubectl(`apply -k ${manifests}/uninstall`);
  await rolledOut(cluster, 'cni-bridge-uninstall');
  await plane.kubectl(`delete -k ${manifests}/uninstall`);
  await plane.noPods(inSystem);
}
