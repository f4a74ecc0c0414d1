import { until } from '../cluster/until.ts';
import { type Checks, must } from '../runtimes/checks.ts';
import { residue } from '../runtimes/surroundings.ts';
import type { KubernetesCluster } from './cluster.ts';

/** Everything is deleted, and what the plugin and the CLI say of each node then. */
export async function endChecks(cluster: KubernetesCluster, checks: Checks): Promise<void> {
  const { plane, nodes } = cluster;
  await checks.check('everything is deleted', async () => {
    await plane.kubectl('delete deployments,services,pods --all --wait=false');
    await plane.noPods();
    await cluster.holdsWhatPodsNeed();
    for (const { name, machine } of nodes) {
      await until(
        `nothing left on ${name}`,
        () => residue(machine),
        (left) => left.length === 0,
      );
    }
    return 'no lease, veth, masquerading or forwarded port is left on any node';
  });
  await checks.check('tables and rules of the plugin', async () => {
    const left: string[] = [];
    for (const { machine } of nodes) left.push(await machine.sh(rulesOfPods));
    must(left.join('') === '', left.join('; '));
    return 'none on any node';
  });
}

// kube-proxy's own are left out: it takes away the chains of endpoints that are gone when it next has something to do.
// What iptables keeps in tables of nftables is looked at once, by iptables.
const rulesOfPods = `{
  nft list tables | grep -v -E ' kube-proxy$|^table ip6? (nat|filter|mangle|raw|security)$' |
    while read -r table; do nft list $table; done
  iptables-save; ip6tables-save
} 2>/dev/null | grep -e cni0 -e cni-bridge -e cni_plugins -e '10[.]244[.][0-9]*[.][1-9]' | grep -v KUBE- || true`;
