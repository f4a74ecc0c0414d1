import { writeFileSync } from 'node:fs';
import { Daemon } from '../cluster/daemon.ts';
import { join, placeOf } from '../cluster/lan.ts';
import { startMachine } from '../cluster/machines.ts';
import { until } from '../cluster/until.ts';
import { box, type Image, makeImage } from '../runtimes/image.ts';
import type { Machine } from '../runtimes/machine.ts';
import { install } from '../runtimes/plugins.ts';
import { type ControlPlane, programs } from './control-plane.ts';
import { makeControlGroups, shieldSysctls } from './node-surroundings.ts';
import { conflist, masquerade, masqueraded, templateOf } from './pod-network.ts';
import type { Trial } from './shape.ts';

/** What holds a pod's namespaces. */
const pause: Image = { name: 'localhost/pause:1', file: 'pause.tar', command: ['sleep', '1000000000'] };

const socket = '/run/containerd/containerd.sock';

const containerdConfiguration = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause.name}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_template = "/etc/cni/template"
[plugins."io.containerd.internal.v1.opt"]
  path = "/opt/containerd"
`;

/** A node: containerd, kubelet and kube-proxy on a machine of its own. */
export class KubernetesNode {
  readonly containerd: Daemon;
  readonly kubelet: Daemon;
  private readonly proxy: Daemon;

  private constructor(
    readonly machine: Machine,
    readonly number: number,
    private readonly plane: ControlPlane,
    private readonly trial: Trial,
  ) {
    const { kubeconfig } = plane;
    const { v4, v6 } = placeOf(number);
    this.containerd = new Daemon(machine, 'containerd', ['containerd', '-c', '/opt/containerd.toml']);
    // As its unit has it: it ends where containerd is not ready yet, and is started again.
    this.kubelet = new Daemon(machine, 'kubelet', [
      ...['sh', '-c', 'until "$@"; do sleep 1; done', 'kubelet'],
      `${programs}/kubelet`,
      '--config=/opt/kubelet.yaml',
      `--kubeconfig=${kubeconfig}`,
      `--node-ip=${trial.dualStack ? `${v4},${v6}` : v4}`,
    ]);
    this.proxy = new Daemon(machine, 'kube-proxy', [`${programs}/kube-proxy`, '--config=/opt/proxy.yaml']);
  }

  static async start(plane: ControlPlane, number: number, trial: Trial): Promise<KubernetesNode> {
    const machine = await startMachine(`node${number}`);
    const node = new KubernetesNode(machine, number, plane, trial);
    install(machine, trial.side);
    node.configure();
    for (const image of [box, pause]) makeImage(machine.disk, image);
    await node.startAll();
    for (const { file } of [box, pause]) {
      await machine.sh(`ctr -n k8s.io images import ${machine.disk}/${file}`);
    }
    return node;
  }

  get name(): string {
    return this.machine.name;
  }

  private configure(): void {
    const { disk, id } = this.machine;
    writeFileSync(`${disk}/etc-cni/template`, templateOf(this.trial));
    writeFileSync(`${disk}/opt/containerd.toml`, containerdConfiguration);
    const kubelet = {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${id}`,
      failSwapOn: false,
      failCgroupV1: false,
      containerRuntimeEndpoint: `unix://${socket}`,
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      enforceNodeAllocatable: [],
      resolvConf: '/run/resolv.conf',
      evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'nodefs.inodesFree': '1%' },
      imageGCHighThresholdPercent: 100,
      // So soon the node says that it is Ready, or not.
      nodeStatusUpdateFrequency: '2s',
      // The registry's defaults, 5 pods a second, would be what is waited for.
      kubeAPIQPS: 200,
      kubeAPIBurst: 400,
    };
    writeFileSync(`${disk}/opt/kubelet.yaml`, JSON.stringify(kubelet));
    const proxy = {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: this.trial.mode,
      clusterCIDR: this.trial.networks.pods.join(),
      hostnameOverride: this.name,
      clientConnection: { kubeconfig: this.plane.kubeconfig },
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    };
    writeFileSync(`${disk}/opt/proxy.yaml`, JSON.stringify(proxy));
  }

  /** Starts everything on the node, which has just booted. */
  private async startAll(): Promise<void> {
    const { machine } = this;
    await join(this.plane.lan, machine, this.number);
    await machine.sh(`mount --bind ${machine.disk}/log /var/log && echo >/run/resolv.conf`);
    await makeControlGroups(machine);
    await shieldSysctls(machine);
    await machine.sh(masquerade(this.trial));
    await this.startContainerd();
    this.kubelet.start();
    this.proxy.start();
  }

  async startContainerd(): Promise<void> {
    this.containerd.start();
    await until(
      `containerd of ${this.name}`,
      () => this.machine.run(['ctr', 'version']),
      ({ status }) => status === 0 || !this.containerd.runs,
    );
    if (!this.containerd.runs) throw new Error(`containerd ended: ${await this.containerd.lastWords()}`);
  }

  /** Changes the list of plugins by a jq filter, and starts containerd again, which then has read it. */
  async changeNetwork(filter: string, variables = ''): Promise<void> {
    await this.machine.sh(`cp ${conflist} /opt/original
      jq ${variables} '${filter}' /opt/original >/opt/changed && cp /opt/changed ${conflist}`);
    await this.restartContainerd();
  }

  /** Takes the last change of the list of plugins back. */
  async restoreNetwork(): Promise<void> {
    await this.machine.sh(`cp /opt/original ${conflist}`);
    await this.restartContainerd();
  }

  private async restartContainerd(): Promise<void> {
    await this.containerd.stop();
    await this.startContainerd();
  }

  /** The power fails; the node comes back with what is on its disk. */
  async reboot(): Promise<void> {
    await this.machine.reboot();
    await this.startAll();
  }

  /** What the plugin holds for pods on this node. */
  async holds(): Promise<Held> {
    const count = async (command: string) => Number(await this.machine.sh(`{ ${command}; } | wc -l`));
    const directory = '/var/lib/cni/networks/pods';
    return {
      leases: await count(`[ ! -d ${directory} ] || ls ${directory} | grep '^[0-9]*[.]' | grep -v _`),
      ports: await count('ip -o link show master cni0 2>/dev/null || true'),
      masqueraded: await count(masqueraded),
    };
  }
}

/** Leases, ports of the bridge and masqueraded IPv4 addresses. */
export interface Held {
  readonly leases: number;
  readonly ports: number;
  readonly masqueraded: number;
}
