import { ours } from '../cluster/ours.ts';
import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { leases, mustBeClean } from '../runtimes/surroundings.ts';
import type { FlannelCluster } from './cluster.ts';
import { conflist, type FlannelNode } from './node.ts';

/** What becomes of pods while flanneld's file is gone, or names another subnet than the bridge has. */
export async function subnetChecks(cluster: FlannelCluster, checks: Checks): Promise<void> {
  await cluster.check(checks, 'subnet.env is lost', lostFile);
  await cluster.check(checks, 'another subnet while pods run', anotherSubnet);
  await cluster.check(checks, 'and with forceAddress', forcedAddress);
  await cluster.check(checks, 'another subnet after a reboot', rebooted);
}

async function lostFile({ nodes: [node] }: FlannelCluster): Promise<string> {
  const { machine } = node;
  await node.add('a');
  await node.makeNamespace('late');
  await machine.sh('mv /run/flannel/subnet.env /run/flannel/lost');
  const refused = await node.cni('add', 'late');
  const said = `${refused.stdout}${refused.stderr}`;
  must(refused.status !== 0 && said.includes('subnet.env'), `the ADD ended with ${refused.status}: ${said}`);
  await node.del('late');
  await node.del('a');
  await mustBeClean(machine);
  await machine.sh('mv /run/flannel/lost /run/flannel/subnet.env');
  await node.add('late');
  await node.del('late');
  return `an ADD fails and names the file; DELs work and leave nothing; with the file an ADD works again`;
}

/** Under this the leases stand in etcd. */
const leasesOfNodes = '/coreos.com/network/subnets/';

/** How a node's lease is called in etcd: `10.244.7.0-24`, to which its IPv6 subnet may be added. */
async function leaseKey(node: FlannelNode): Promise<string> {
  const { FLANNEL_SUBNET = '' } = await node.subnet();
  return FLANNEL_SUBNET.replace(/\.1\/24$/, '.0-24');
}

/**
 * Starts flanneld, which doesn't run, after the node's lease has run out: it gets a subnet that no node had.
 * @returns the gateway with its prefix length
 */
async function leaseAnother(cluster: FlannelCluster, node: FlannelNode, key: string): Promise<string> {
  const held = await cluster.etcdctl('get', '--prefix', '--keys-only', leasesOfNodes);
  const third = [100, 101, 102, 103, 104].find((one) => !held.includes(`${leasesOfNodes}10.244.${one}.0-`));
  const subnet = `10.244.${third}.0`;
  const sixth = `fd00:244:0:${third}::`;
  const six = cluster.shape.dualStack ? { IPv6SubnetMin: sixth, IPv6SubnetMax: sixth } : {};
  await cluster.etcdctl('del', '--prefix', `${leasesOfNodes}${key}`);
  await cluster.configure({ SubnetMin: subnet, SubnetMax: subnet, ...six });
  const { FLANNEL_SUBNET = '' } = await node.startFlanneld();
  await cluster.configure();
  must(FLANNEL_SUBNET === `10.244.${third}.1/24`, `flanneld leased ${FLANNEL_SUBNET}`);
  return FLANNEL_SUBNET;
}

/** The same for one that runs. */
async function changeSubnet(cluster: FlannelCluster, node: FlannelNode): Promise<string> {
  const key = await leaseKey(node);
  await node.flanneld.stop();
  return leaseAnother(cluster, node, key);
}

async function anotherSubnet(cluster: FlannelCluster): Promise<string> {
  const [node, two] = cluster.nodes;
  const { machine } = node;
  const old = await node.add('old');
  const neighbour = await two.add('far');
  const [before = ''] = (await machine.sh('ip -o -4 addr show cni0')).match(/10\.244\.\d+\.1\/24/) ?? [];
  const after = await changeSubnet(cluster, node);
  await node.makeNamespace('new');
  const refused = await node.cni('add', 'new');
  const said = `${refused.stdout}${refused.stderr}`;
  must(
    refused.status !== 0 && said.includes('already has an IP address different from'),
    `the ADD ended with ${refused.status}: ${said}`,
  );
  must(said.includes(before) && said.includes(after), `it does not name ${before} and ${after}: ${said}`);
  const [first = ''] = after.match(/^.*[.]/) ?? [];
  must(!(await leases(machine)).some((path) => path.startsWith(`cbr0/${first}`)), 'it left a lease');
  await node.del('new');
  // What mends it: the pods of the old subnet go, and the bridge with them.
  await node.del('old');
  await machine.sh('ip link del cni0');
  const pod = await node.add('new');
  await until(
    'the route to the new subnet',
    () => two.pings('far', pod.addresses[0] ?? ''),
    (answered) => answered,
  );
  const seen = await node.ask(neighbour.addresses[0] ?? '', 'new');
  must(seen.endsWith(` ${pod.addresses[0]}`), seen);
  await node.del('new');
  await two.del('far');
  await mustBeClean(machine);
  return `cni0 has ${before}, flanneld ${after}: an ADD names both and leaves no lease; ${old.addresses[0]} can be deleted; without cni0 the next ADD works, also across nodes`;
}

async function forcedAddress(cluster: FlannelCluster): Promise<string> {
  const [node, two] = cluster.nodes;
  const { machine } = node;
  node.configure(conflist('cbr0', {}, { forceAddress: true }));
  const old = await node.add('old');
  await two.add('far');
  const after = await changeSubnet(cluster, node);
  const pod = await node.add('new');
  const bridge = await machine.sh('ip -o -4 addr show cni0');
  must(bridge.includes(` ${after} `), `cni0 has ${bridge}`);
  await until(
    'the route to the new subnet',
    () => two.pings('far', pod.addresses[0] ?? ''),
    (answered) => answered,
  );
  const gateway = old.addresses[0]?.replace(/\.\d+$/, '.1') ?? '';
  const stranded = !(await node.pings('old', gateway));
  must(stranded, `the old pod still reaches ${gateway}`);
  const { stdout } = await machine.run([ours, 'doctor']);
  must(stdout.includes('1 container of cbr0 in a subnet that cni0 has left'), `cni-bridge doctor: ${stdout}`);
  for (const name of ['old', 'new']) await node.del(name);
  await two.del('far');
  await mustBeClean(machine);
  node.configure(conflist('cbr0'));
  return `the next ADD gives cni0 ${after}, and works; ${old.addresses[0]} is without a gateway, as cni-bridge doctor says, and can be deleted`;
}

async function rebooted(cluster: FlannelCluster): Promise<string> {
  const [node, two] = cluster.nodes;
  const { machine } = node;
  await node.add('a');
  await two.add('far');
  const key = await leaseKey(node);
  await node.reboot();
  await node.makeNamespace('a');
  const early = await node.cni('add', 'a');
  must(early.status !== 0, 'an ADD before flanneld worked');
  const gateway = await leaseAnother(cluster, node, key);
  const pod = await node.add('a');
  await until(
    'the route to the new subnet',
    () => two.pings('far', pod.addresses[0] ?? ''),
    (answered) => answered,
  );
  await node.del('a');
  await two.del('far');
  await mustBeClean(machine);
  return `before flanneld an ADD fails; then the same pod has ${pod.addresses[0]} of ${gateway}, and its lease of the old subnet is gone with its DEL`;
}
