import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { leases, mustBeClean } from '../runtimes/surroundings.ts';
import type { FlannelCluster } from './cluster.ts';
import { conflist, type FlannelNode } from './node.ts';

/** What becomes of pods without etcd, and what two networks on a node do to one another. */
export async function failureChecks(cluster: FlannelCluster, checks: Checks): Promise<void> {
  await cluster.check(checks, 'etcd is killed while flanneld runs', withoutEtcd);
  await cluster.check(checks, 'flanneld starts without etcd', startedWithoutEtcd);
  await cluster.check(checks, 'two networks on a node', twoNetworks);
}

async function withoutEtcd(cluster: FlannelCluster): Promise<string> {
  const [one, two] = cluster.nodes;
  const before = await one.add('a');
  await cluster.etcd.stop('KILL');
  const pod = await one.add('b');
  const far = await two.add('far');
  const seen = await two.ask(pod.addresses[0] ?? '', 'far');
  must(seen.endsWith(` ${far.addresses[0]}`), seen);
  await one.del('a');
  must(!(await leases(one.machine)).includes(`cbr0/${before.addresses[0]}`), 'the lease stayed');
  await cluster.startEtcd();
  must(one.flanneld.runs && two.flanneld.runs, 'flanneld ended');
  await one.del('b');
  await two.del('far');
  await mustBeClean(one.machine);
  return 'pods start, reach other nodes and go all the same; flanneld runs on when etcd is back';
}

async function startedWithoutEtcd(cluster: FlannelCluster): Promise<string> {
  const [one] = cluster.nodes;
  await one.flanneld.stop();
  await one.machine.sh('rm /run/flannel/subnet.env');
  await cluster.etcd.stop('KILL');
  await one.makeNamespace('a');
  one.flanneld.start();
  const refused = await one.cni('add', 'a');
  const said = `${refused.stdout}${refused.stderr}`;
  must(refused.status !== 0 && said.includes('subnet.env'), `the ADD ended with ${refused.status}: ${said}`);
  await one.del('a');
  must((await leases(one.machine)).length === 0, 'it left a lease');
  await cluster.startEtcd();
  // A flanneld that gave up is started again, as systemd and kubelet do.
  await until(
    'flanneld with etcd back',
    async () => {
      if (!one.flanneld.runs) one.flanneld.start();
      return one.machine.run(['test', '-s', '/run/flannel/subnet.env']);
    },
    ({ status }) => status === 0,
  );
  const pod = await one.add('a');
  await one.del('a');
  await mustBeClean(one.machine);
  return `no subnet.env, so an ADD fails and names it, without a lease; with etcd back a pod gets ${pod.addresses[0]}`;
}

/**
 * The second network has its own prefix in etcd, subnet file, bridge and directory of flannel's. Its flanneld doesn't
 * masquerade, since both would write the same chain; then flannel has the bridge plugin do it.
 */
async function twoNetworks(cluster: FlannelCluster): Promise<string> {
  const [one, two] = cluster.nodes;
  const { backend } = cluster.shape;
  await cluster.configure({ Backend: { Type: backend, VNI: 2 } }, '/second', '10.245.0.0/16');
  const files = { subnetFile: '/run/flannel/second.env', dataDir: '/var/lib/cni/flannel-second' };
  const more = ['--etcd-prefix=/second', `--subnet-file=${files.subnetFile}`];
  const daemons = [one, two].map((node) => ({ node, second: node.daemon('flanneld-second', more) }));
  for (const { node, second } of daemons) {
    node.configure(conflist('second', files, { bridge: 'cni1' }), '20-second.conflist');
    await node.startFlanneld(second, 'second.env');
  }
  const first = await one.add('a');
  const other = await one.add('b', 'second');
  const far = await two.add('far', 'second');
  const held = (await leases(one.machine)).filter((path) => !path.includes(':'));
  must(
    held.join() === `cbr0/${first.addresses[0]},second/${other.addresses[0]}`,
    `leases: ${held.join(' ')}`,
  );
  await until(
    'the routes of the second network',
    () => one.pings('b', far.addresses[0] ?? ''),
    (answered) => answered,
  );
  const across = await byNode(one, await one.ask(far.addresses[0] ?? '', 'b'));
  const between = await byNode(one, await one.ask(other.addresses[0] ?? '', 'a'));
  await one.del('b', 'second');
  await two.del('far', 'second');
  const bridges = await one.machine.sh('ip -o -4 addr show cni0');
  await one.del('a');
  await mustBeClean(one.machine);
  await mustBeClean(two.machine);
  for (const { node, second } of daemons) {
    await second.stop();
    await node.machine.sh('ip link del cni1; rm /etc/cni/net.d/20-second.conflist');
  }
  must(bridges.includes('10.244.'), bridges);
  return `${first.addresses[0]} on cni0, ${other.addresses[0]} on cni1, leases apart; one reaches the other, seen as ${between}; without flanneld's masquerading the plugin does it, so that a pod of another node sees ${across}`;
}

/** The client's address, which must be one of the node's own. */
async function byNode(node: FlannelNode, seen: string): Promise<string> {
  const client = seen.split(' ')[1] ?? '';
  const addresses = await node.machine.sh('ip -o addr');
  must(addresses.includes(` ${client}/`), `${seen} was seen`);
  return client;
}
