import { placeOf } from '../cluster/lan.ts';
import { until } from '../cluster/until.ts';
import { must } from '../runtimes/checks.ts';
import { plain } from '../runtimes/surroundings.ts';
import { ControlPlane } from './control-plane.ts';
import { KubernetesNode } from './node.ts';
import { masqueradedOf } from './pod-network.ts';
import type { Trial } from './shape.ts';

/** A pod as the API server knows it. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly containerStatuses?: readonly { readonly containerID?: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A node as the API server knows it. */
export interface Node {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDRs?: readonly string[] };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo: { readonly kubeletVersion: string; readonly containerRuntimeVersion: string };
  };
}

type Conditioned = { readonly status: { readonly conditions?: readonly { type: string; status: string }[] } };

export const isReady = ({ status }: Conditioned) =>
  status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;

/** Two nodes and a control plane. */
export class KubernetesCluster {
  private constructor(
    readonly trial: Trial,
    readonly plane: ControlPlane,
    readonly nodes: readonly [KubernetesNode, KubernetesNode],
  ) {}

  static async start(trial: Trial): Promise<KubernetesCluster> {
    const plane = await ControlPlane.start(trial.networks);
    const nodes = [
      await KubernetesNode.start(plane, 1, trial),
      await KubernetesNode.start(plane, 2, trial),
    ] as const;
    return new KubernetesCluster(trial, plane, nodes);
  }

  /** Waits until both nodes are ready, and returns them. */
  async ready(): Promise<Node[]> {
    return until(
      'both nodes Ready',
      () => this.plane.list<Node>('nodes'),
      (nodes) => nodes.length === 2 && nodes.every(isReady),
    ).catch(async (error: unknown) => {
      const words = await Promise.all(this.nodes.map(({ kubelet }) => kubelet.lastWords(1)));
      throw new Error(`${error}; kubelets: ${words.join('; ')}`);
    });
  }

  /** Routes each node's podCIDRs to it: what a cloud's routers or a routing daemon do. */
  async route(): Promise<void> {
    const all = await this.plane.list<Node>('nodes');
    const machines = [this.plane.lan, ...this.nodes.map(({ machine }) => machine)];
    for (const { name, number } of this.nodes) {
      const cidrs = all.find(({ metadata }) => metadata.name === name)?.spec.podCIDRs ?? [];
      const { v4, v6 } = placeOf(number);
      for (const machine of machines.filter((machine) => machine.name !== name)) {
        for (const cidr of cidrs) {
          await machine.sh(`ip route replace ${cidr} via ${cidr.includes(':') ? v6 : v4}`);
        }
      }
    }
  }

  /** The pods that are not being deleted. */
  async pods(selector = ''): Promise<Pod[]> {
    const pods = await this.plane.list<Pod>(`pods ${selector}`);
    return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Waits until there are so many pods, all of them ready, and none that is going. */
  podsReady(count: number, selector = ''): Promise<Pod[]> {
    return until(
      `${count} pods ${selector}`,
      () => this.plane.list<Pod>(`pods ${selector}`),
      (pods) =>
        pods.length === count &&
        pods.every((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined),
    );
  }

  scale(deployment: string, replicas: number): Promise<string> {
    return this.plane.kubectl(`scale deployment ${deployment} --replicas=${replicas}`);
  }

  /** The answers to a pod that asks an address so many times: `<pod> <the client's address>`. */
  async ask(pod: string, address: string, { port = 80, times = 1 } = {}): Promise<string[]> {
    const loop = `i=0; while [ $i -lt ${times} ]; do ask ${address} ${port} || echo no answer; i=$((i + 1)); done`;
    const answers = await this.plane.kubectl(`exec ${pod} -- sh -c '${loop}'`);
    return answers.split('\n').map(plain);
  }

  /** Waits until each node holds exactly what its pods need, and returns it in words. */
  async holdsWhatPodsNeed(): Promise<string> {
    const words: string[] = [];
    for (const node of this.nodes) {
      const { pods, held } = await until(
        `as many leases, ports and masqueraded addresses as pods on ${node.name}`,
        async () => ({
          pods: (await this.plane.list<Pod>(`pods ${onNode(node)}`)).length,
          held: await node.holds(),
        }),
        ({ pods, held }) =>
          held.leases === pods && held.ports === pods && held.masqueraded === masqueradedOf(this.trial, pods),
      );
      words.push(`${node.name} ${pods} pods, ${held.leases} leases`);
    }
    return words.join('; ');
  }
}

/** The selector of a node's pods. */
export function onNode(node: KubernetesNode): string {
  return `--field-selector spec.nodeName=${node.name}`;
}

/** All addresses of pods, of which none may be there twice. */
export function distinctAddresses(pods: readonly Pod[]): string[] {
  const addresses = pods.flatMap(({ status }) => (status.podIPs ?? []).map(({ ip }) => ip));
  must(new Set(addresses).size === addresses.length, `addresses: ${addresses.sort().join(' ')}`);
  return addresses;
}

/** The address of a pod in the first family, or in the second. */
export function addressOf(pods: readonly Pod[], name: string, family = 0): string {
  const found = pods.find(({ metadata }) => metadata.name === name);
  const address = found?.status.podIPs?.[family]?.ip;
  if (address === undefined) throw new Error(`the pod ${name} has no address`);
  return address;
}
