import { outside, placeOf } from '../cluster/lan.ts';
import { ours } from '../cluster/ours.ts';
import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { fromMachine } from '../runtimes/surroundings.ts';
import { addressOf, distinctAddresses, type KubernetesCluster, type Pod } from './cluster.ts';
import { conflist } from './pod-network.ts';
import { denyEdge, edgeService, pod, webService, workload } from './workload.ts';

/** The cluster from nothing, and what reaches what in it. */
export async function networkChecks(cluster: KubernetesCluster, checks: Checks): Promise<void> {
  const { plane, nodes } = cluster;
  await checks.check('nodes are Ready', async () => {
    const all = await cluster.ready();
    await cluster.route();
    const [first] = all;
    const { kubeletVersion, containerRuntimeVersion } = first?.status.nodeInfo ?? {};
    const cidrs = all.map(({ metadata, spec }) => `${metadata.name} ${spec.podCIDRs?.join(' and ')}`);
    return `${kubeletVersion}, ${containerRuntimeVersion}: ${cidrs.join(', ')}`;
  });
  await checks.check('the conflist that containerd makes of the podCIDRs', async () => {
    const words = await nodes[0].machine.sh(`${ours} validate ${conflist} 2>&1`);
    return words.replace(/\s+/g, ' ');
  });
  let pods: Pod[] = [];
  await checks.check("pods are ready, for kubelet's probes reach them", async () => {
    await until(
      'a service account',
      () => plane.kubectl('get serviceaccount default'),
      () => true,
    );
    await plane.apply(...workload);
    pods = await cluster.podsReady(7);
    return `${pods.length} pods: ${distinctAddresses(pods).join(' ')}`;
  });
  await checks.check('pod to pod, on a node and across nodes', () => everyPodToEvery(cluster, pods));
  await checks.check('what the plugin holds', () => cluster.holdsWhatPodsNeed());
  await serviceChecks(cluster, checks);
  await checks.check('hostPort', () => forwarded(cluster));
  await checks.check('to the outside', async () => {
    const places = cluster.trial.dualStack
      ? ([
          ['v4', outside.v4],
          ['v6', outside.v6],
        ] as const)
      : ([['v4', outside.v4]] as const);
    const seen: string[] = [];
    for (const [family, address] of places) {
      const [answer = ''] = await cluster.ask('client', address);
      must(answer === `outside ${placeOf(1)[family]}`, `${answer} was seen`);
      seen.push(answer);
    }
    return `masqueraded as the node: ${seen.join(' and ')}`;
  });
  await checks.check('without noMasquerade', () => masqueraded(cluster));
  await checks.check('a NetworkPolicy', async () => {
    await plane.apply(denyEdge);
    const answers = await cluster.ask('client', addressOf(pods, 'edge'), { times: 5 });
    await plane.kubectl('delete networkpolicy deny-edge');
    must(
      answers.every((answer) => answer.startsWith('edge ')),
      answers.join(', '),
    );
    return 'keeps nobody out: a bridge enforces none, that takes a controller such as kube-router';
  });
}

/** The pods `client`, `far` and `edge` ask all pods, in all families; none may be masqueraded. */
async function everyPodToEvery(cluster: KubernetesCluster, pods: readonly Pod[]): Promise<string> {
  let count = 0;
  for (const client of ['client', 'far']) {
    for (const { metadata, status } of pods) {
      for (const [family, { ip }] of (status.podIPs ?? []).entries()) {
        const [answer = ''] = await cluster.ask(client, ip);
        const expected = `${metadata.name} ${addressOf(pods, client, family)}`;
        must(answer === expected, `${client} asks ${ip}: ${answer}, not ${expected}`);
        count++;
      }
    }
  }
  return `${count} requests answered, each seen with the pod's own address`;
}

/** The addresses of a Service, by family. */
async function addressesOf({ plane }: KubernetesCluster, service: string): Promise<readonly string[]> {
  interface Service {
    readonly spec: { readonly clusterIPs: readonly string[] };
  }
  const { spec }: Service = JSON.parse(await plane.kubectl(`get service ${service} -o json`));
  return spec.clusterIPs;
}

/** Waits until kube-proxy sends to so many pods what somebody asks of a Service. */
async function served(what: string, servers: number, ask: () => Promise<string[]>): Promise<void> {
  const seen = new Set<string>();
  await until(`${servers} servers of ${what}`, ask, (answers) => {
    for (const answer of answers) if (/^(web-|edge )/.test(answer)) seen.add(answer.replace(/ .*/, ''));
    return seen.size >= servers;
  });
}

async function serviceChecks(cluster: KubernetesCluster, checks: Checks): Promise<void> {
  await checks.check("a Service's address", async () => {
    const seen = new Set<string>();
    const all = await addressesOf(cluster, 'web');
    for (const address of all) {
      const ask = () => cluster.ask('client', address, { times: 20 });
      await served(address, 4, ask);
      const answers = await ask();
      const wrong = answers.find((answer) => !answer.startsWith('web-'));
      must(wrong === undefined, `${address}: ${wrong}`);
      for (const answer of answers) seen.add(answer.split(' ')[0] ?? '');
    }
    return `${all.join(' and ')}: 20 requests each, all answered, by ${seen.size} of 4 pods`;
  });
  await checks.check('a pod reaches itself through its Service (hairpin)', async () => {
    const all = await addressesOf(cluster, 'edge');
    must(all.includes(edgeService.address), all.join());
    for (const address of all) await served(address, 1, () => cluster.ask('edge', address));
    return `by ${all.join(' and ')}`;
  });
  await checks.check('NodePort, from outside', async () => {
    const answers: string[] = [];
    for (const { number } of cluster.nodes) {
      const place = `${placeOf(number).v4}:${webService.nodePort}`;
      await served(place, 1, async () => [await fromMachine(cluster.plane.lan, place)]);
      answers.push(await fromMachine(cluster.plane.lan, place));
    }
    must(
      answers.every((answer) => answer.startsWith('web-')),
      answers.join(', '),
    );
    return `each node's answers: ${answers.join(', ')}`;
  });
  await checks.check('the API server by its Service', async () => {
    await until(
      'a connection',
      () => cluster.plane.kubectl('exec client -- sh -c "nc -w 30 10.96.0.1 443 </dev/null"'),
      () => true,
    );
    return '10.96.0.1:443 takes a connection from a pod';
  });
}

/** Asks the forwarded port of `edge` from everywhere. */
async function forwarded(cluster: KubernetesCluster): Promise<string> {
  const node = placeOf(1).v4;
  const port = edgeService.hostPort;
  const within = async (pod: string) => (await cluster.ask(pod, node, { port }))[0] ?? '';
  const answers = {
    outside: await fromMachine(cluster.plane.lan, `${node}:${port}`),
    'a pod of the node': await within('client'),
    'a pod of another node': await within('far'),
    'the pod itself': await within('edge'),
  };
  const wrong = Object.entries(answers).find(([, answer]) => !answer.startsWith('edge '));
  must(wrong === undefined, `${wrong?.[0]}: ${wrong?.[1]}`);
  return `answers ${Object.keys(answers).join(', ')}`;
}

/** What `"ipMasq": true` does to a pod's connections where nothing is excepted. */
async function masqueraded(cluster: KubernetesCluster): Promise<string> {
  const [node] = cluster.nodes;
  const own = placeOf(1).v4;
  await node.changeNetwork('.plugins[0].ipMasq = true | del(.plugins[0].noMasquerade)');
  try {
    await cluster.plane.apply(pod('masqueraded', node.name));
    const pods = await cluster.podsReady(8);
    const near = (await cluster.ask('masqueraded', addressOf(pods, 'edge')))[0] ?? '';
    const far = (await cluster.ask('masqueraded', addressOf(pods, 'far')))[0] ?? '';
    must(near === `edge ${addressOf(pods, 'masqueraded')}` && far === `far ${own}`, `${near}; ${far}`);
  } finally {
    await cluster.plane.kubectl('delete pod masqueraded --ignore-not-found');
    await node.restoreNetwork();
  }
  await cluster.podsReady(7);
  await cluster.holdsWhatPodsNeed();
  return `a pod of the node sees the pod's own address, one of another node ${own}: what leaves the node's podCIDR is masqueraded`;
}
