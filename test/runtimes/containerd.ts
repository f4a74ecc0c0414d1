import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { must, settled } from './checks.ts';
import { image } from './image.ts';
import type { Machine } from './machine.ts';

const configuration = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${image}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
[plugins."io.containerd.internal.v1.opt"]
  path = "/opt/containerd"
`;

const crictl = `${resolve('dist/runtimes/crictl-v1.34.0/crictl')} -c /opt/crictl.yaml --timeout 100s`;
const socket = 'unix:///run/containerd/containerd.sock';

/** Which containerd: Debian's, or the newer one, which calls the network's STATUS; with the newest CNI of each. */
export interface Release {
  readonly directory: string;
  readonly cniVersion: string;
}

export const debian: Release = { directory: '/usr/bin', cniVersion: '1.0.0' };
export const newer: Release = { directory: resolve('dist/runtimes/containerd-v2.2.9'), cniVersion: '1.1.0' };

/** The subnets of the pods' network. */
export const podSubnets = ['10.64.0.0/24', 'fd00:64::/64'];

/** A network as on Kubernetes nodes; `more` goes to the bridge plugin. */
export function network(cniVersion: string, name: string, subnets: readonly string[], more: object = {}) {
  const ranges = subnets.map((subnet) => [{ subnet }]);
  const bridge = {
    type: 'bridge',
    bridge: `${name}0`,
    isDefaultGateway: true,
    hairpinMode: true,
    ipMasq: true,
  };
  return {
    cniVersion,
    name,
    plugins: [
      { ...bridge, ...more, ipam: { type: 'host-local', ranges } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

/** A pod's network as CRI reports it. */
export interface Pod {
  readonly id: string;
  readonly address: string;
  readonly netns: string;
}

/** containerd on a machine, used through ctr and, as by kubelet, through CRI. */
export class Containerd {
  private daemon: ChildProcess | undefined;

  constructor(
    readonly machine: Machine,
    readonly release: Release,
  ) {
    writeFileSync(`${machine.disk}/opt/containerd.toml`, configuration);
    writeFileSync(
      `${machine.disk}/opt/crictl.yaml`,
      `runtime-endpoint: ${socket}\nimage-endpoint: ${socket}\n`,
    );
  }

  async start(): Promise<void> {
    const { directory } = this.release;
    const path = `PATH=${directory}:/usr/sbin:/usr/bin:/sbin:/bin`;
    const argv = ['env', path, `${directory}/containerd`, '-c', '/opt/containerd.toml'];
    this.daemon = this.machine.start(argv, 'containerd');
    const status = await settled(
      () => this.machine.run(['sh', '-c', `ctr version && ${crictl} info`]),
      ({ status }) => status === 0,
    );
    must(status.status === 0, `containerd did not start: ${status.stderr}`);
  }

  /** Kills the daemon, as a crash does; its pods keep running. */
  async kill(): Promise<void> {
    const { daemon } = this;
    must(daemon !== undefined, 'containerd does not run');
    await this.machine.sh('kill -9 $(pidof containerd)');
    if (daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null)
      await once(daemon, 'exit');
  }

  /** Configures one network, and waits until containerd has loaded it. */
  async useNetwork(name: string, subnets: readonly string[], more?: object): Promise<void> {
    const conflist = JSON.stringify(network(this.release.cniVersion, name, subnets, more));
    writeFileSync(`${this.machine.disk}/etc-cni/net.d/10-pods.conflist`, conflist);
    const info = await settled(
      () => this.crictl('info'),
      (text) => text.includes(`"Name": "${name}"`),
    );
    must(info.includes(`"Name": "${name}"`), `containerd did not take the network ${name}`);
  }

  /** Runs a crictl command that must succeed, and returns what it printed. */
  crictl(command: string): Promise<string> {
    return this.machine.sh(`${crictl} ${command}`);
  }

  /** Whether kubelet would consider the node's network ready, and why not. */
  async networkReady(): Promise<{ ready: boolean; why: string }> {
    const info: { status: { conditions: { type: string; status: boolean; message: string }[] } } = JSON.parse(
      await this.crictl('info'),
    );
    const found = info.status.conditions.find(({ type }) => type === 'NetworkReady');
    return { ready: found?.status === true, why: found?.message ?? 'no condition NetworkReady' };
  }

  private configurationOf(name: string, hostPort?: number, attempt = 0): string {
    return JSON.stringify({
      metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt },
      hostname: name,
      log_directory: '/opt/logs',
      linux: { cgroup_parent: `/${this.machine.id}` },
      port_mappings: hostPort === undefined ? [] : [{ protocol: 0, container_port: 80, host_port: hostPort }],
    });
  }

  /** Runs a pod with a web server that prints its client's address. */
  async runPod(name: string, hostPort?: number, attempt = 0): Promise<Pod> {
    const file = `/opt/pod-${name}.json`;
    writeFileSync(`${this.machine.disk}${file}`, this.configurationOf(name, hostPort, attempt));
    return this.pod(await this.crictl(`runp ${file}`));
  }

  /** Starts a container that sleeps in a pod of this name, and returns its ID. */
  async runContainer(pod: Pod, name: string): Promise<string> {
    const what = { metadata: { name: 'shell' }, image: { image }, command: ['sleep', '1000000'] };
    writeFileSync(`${this.machine.disk}/opt/container.json`, JSON.stringify({ ...what, log_path: 'shell' }));
    const id = await this.crictl(`create ${pod.id} /opt/container.json /opt/pod-${name}.json`);
    await this.crictl(`start ${id}`);
    return id;
  }

  async pod(id: string): Promise<Pod> {
    interface Inspected {
      status: { network: { ip: string } };
      info: { runtimeSpec: { linux: { namespaces: { type: string; path?: string }[] } } };
    }
    const { status, info }: Inspected = JSON.parse(await this.crictl(`inspectp ${id}`));
    const network = info.runtimeSpec.linux.namespaces.find(({ type }) => type === 'network');
    return { id, address: status.network.ip, netns: network?.path ?? '' };
  }

  /** Ends a pod as kubelet does: stopped, then removed. */
  async removePod(id: string): Promise<void> {
    await this.crictl(`stopp ${id}`);
    await this.crictl(`rmp ${id}`);
  }

  /** The IDs of all pods that containerd knows; if a state is given, only those in it. */
  async pods(state?: 'ready' | 'notready'): Promise<string[]> {
    const ids = await this.crictl(`pods -q --no-trunc ${state === undefined ? '' : `--state ${state}`}`);
    return ids.split('\n').filter(Boolean);
  }

  /** Stops all pods at once, and returns how many there were. */
  async removeAll(): Promise<number> {
    const pods = await this.pods();
    await Promise.all(pods.map((id) => this.removePod(id)));
    return pods.length;
  }
}
