import { Daemon } from '../cluster/daemon.ts';
import { outside, startLan } from '../cluster/lan.ts';
import { until } from '../cluster/until.ts';
import type { Checks } from '../runtimes/checks.ts';
import type { Machine } from '../runtimes/machine.ts';
import type { Side } from '../runtimes/plugins.ts';
import { FlannelNode } from './node.ts';

/** What is tried: flannel's backend, on how many nodes, with IPv6 or without. */
export interface Shape {
  readonly backend: 'host-gw' | 'vxlan';
  readonly nodes: number;
  readonly dualStack: boolean;
  /** How many pods there are on each node, when there are many. */
  readonly crowd: number;
}

const endpoint = `http://${outside.v4}:2379`;

/** Nodes whose subnets flanneld leases from a real etcd. */
export class FlannelCluster {
  private constructor(
    readonly shape: Shape,
    readonly lan: Machine,
    readonly etcd: Daemon,
    readonly nodes: readonly [FlannelNode, FlannelNode, ...FlannelNode[]],
  ) {}

  static async start(shape: Shape, side: Side): Promise<FlannelCluster> {
    const lan = await startLan();
    const etcd = new Daemon(lan, 'etcd', [
      'etcd',
      `--data-dir=/var/lib/etcd`,
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
    ]);
    const numbers = Array.from({ length: shape.nodes - 2 }, (_, index) => index + 3);
    const nodes: [FlannelNode, FlannelNode, ...FlannelNode[]] = [
      await FlannelNode.start(lan, 1, side),
      await FlannelNode.start(lan, 2, side),
    ];
    for (const number of numbers) nodes.push(await FlannelNode.start(lan, number, side));
    const cluster = new FlannelCluster(shape, lan, etcd, nodes);
    await cluster.startEtcd();
    await cluster.configure();
    for (const node of nodes) await node.startFlanneld();
    await cluster.routed();
    return cluster;
  }

  /**
   * Checks something that changes nodes or etcd. Where it doesn't hold, all nodes begin anew, so that the next check
   * finds them as it would otherwise.
   */
  async check(
    checks: Checks,
    what: string,
    look: (cluster: FlannelCluster) => Promise<string>,
  ): Promise<void> {
    if (await checks.check(what, () => look(this))) return;
    if (!this.etcd.runs) await this.startEtcd();
    await this.configure();
    for (const node of this.nodes) await node.beginAnew();
    await this.routed();
  }

  /** Waits until each node has a route to all other nodes' subnets: flanneld hears of them after it has its own. */
  async routed(): Promise<void> {
    for (const node of this.nodes) {
      for (const other of this.nodes) {
        if (other === node) continue;
        for (const subnet of await other.subnets()) {
          await until(
            `a route from ${node.name} to ${subnet}`,
            () => node.machine.sh(`ip ${subnet.includes(':') ? '-6' : '-4'} route show ${subnet}`),
            (route) => route !== '',
          );
        }
      }
    }
  }

  async startEtcd(): Promise<void> {
    this.etcd.start();
    await until('etcd', () => this.etcdctl('endpoint', 'health'), Boolean);
  }

  /** Runs etcdctl, which must succeed. */
  etcdctl(...argv: string[]): Promise<string> {
    const quoted = argv.map((word) => `'${word}'`).join(' ');
    return this.lan.sh(`ETCDCTL_API=3 etcdctl --endpoints ${endpoint} ${quoted} 2>&1`);
  }

  /** Writes the network's configuration; `more` restricts which subnets flanneld leases. */
  async configure(
    more: object = {},
    prefix = '/coreos.com/network',
    network = '10.244.0.0/16',
  ): Promise<void> {
    const { backend, dualStack } = this.shape;
    const six = { EnableIPv6: true, IPv6Network: 'fd00:244::/48' };
    const families = dualStack && prefix === '/coreos.com/network' ? six : {};
    const config = {
      Network: network,
      EnableIPv4: true,
      ...families,
      EnableNFTables: dualStack,
      Backend: { Type: backend },
      ...more,
    };
    await this.etcdctl('put', `${prefix}/config`, JSON.stringify(config));
  }
}
