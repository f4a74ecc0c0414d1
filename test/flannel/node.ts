import { symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Daemon } from '../cluster/daemon.ts';
import { join, outside } from '../cluster/lan.ts';
import { startMachine } from '../cluster/machines.ts';
import { until } from '../cluster/until.ts';
import type { Machine } from '../runtimes/machine.ts';
import { binDirectory, install, type Side } from '../runtimes/plugins.ts';
import { addressesIn, plain } from '../runtimes/surroundings.ts';
import type { Outcome } from '../support/host.ts';

const tools = resolve('dist/flannel');
const cnitool = resolve('dist/reference/cnitool');

/** What a pod got. */
export interface Pod {
  readonly name: string;
  /** Without prefix lengths, in the result's order. */
  readonly addresses: readonly string[];
}

/** What flanneld tells the CNI plugin, by names like `FLANNEL_SUBNET`. */
export type SubnetFile = Readonly<Record<string, string>>;

/** flannel's own list of plugins, as in its manifest but for a version that has CHECK; the objects are added to it. */
export function conflist(name: string, flannel: object = {}, delegate: object = {}): object {
  return {
    name,
    cniVersion: '0.4.0',
    plugins: [
      {
        type: 'flannel',
        ...flannel,
        delegate: { hairpinMode: true, isDefaultGateway: true, ...delegate },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

/** A node with flanneld; its pods are network namespaces, attached by cnitool. */
export class FlannelNode {
  readonly flanneld: Daemon;

  private constructor(
    readonly machine: Machine,
    readonly number: number,
    private readonly lan: Machine,
  ) {
    this.flanneld = this.daemon('flanneld');
  }

  static async start(lan: Machine, number: number, side: Side): Promise<FlannelNode> {
    const node = new FlannelNode(await startMachine(`node${number}`), number, lan);
    install(node.machine, side);
    symlinkSync(`${tools}/flannel`, `${node.machine.disk}${binDirectory}/flannel`);
    node.configure(conflist('cbr0'));
    await join(lan, node.machine, number);
    return node;
  }

  get name(): string {
    return this.machine.name;
  }

  /** A flanneld of this node; a second one has its own prefix in etcd and its own subnet file. */
  daemon(name: string, more: readonly string[] = []): Daemon {
    const etcd = `--etcd-endpoints=http://${outside.v4}:2379`;
    const masquerade = name === 'flanneld' ? ['--ip-masq'] : [];
    const variables = ['env', `NODE_NAME=${this.name}`];
    return new Daemon(this.machine, name, [
      ...variables,
      `${tools}/flanneld`,
      etcd,
      '--iface=up0',
      ...masquerade,
      ...more,
    ]);
  }

  /** Writes a list of plugins into the directory that runtimes read. */
  configure(list: object, file = '10-flannel.conflist'): void {
    writeFileSync(`${this.machine.disk}/etc-cni/net.d/${file}`, JSON.stringify(list));
  }

  /** Starts flanneld, and waits until it has written its subnet. */
  async startFlanneld(daemon = this.flanneld, file = 'subnet.env'): Promise<SubnetFile> {
    await this.machine.sh(`rm -f /run/flannel/${file}`);
    daemon.start();
    await until(
      `${file} of ${this.name}`,
      () => this.machine.run(['test', '-s', `/run/flannel/${file}`]),
      ({ status }) => status === 0 || !daemon.runs,
    );
    if (!daemon.runs) throw new Error(`${daemon.name} ended: ${await daemon.lastWords()}`);
    return this.subnet(file);
  }

  async subnet(file = 'subnet.env'): Promise<SubnetFile> {
    const lines = (await this.machine.sh(`cat /run/flannel/${file}`)).split('\n');
    return Object.fromEntries(lines.map((line) => line.split('=')));
  }

  /** The node's subnets, which other nodes route to it. */
  async subnets(): Promise<string[]> {
    const { FLANNEL_SUBNET = '', FLANNEL_IPV6_SUBNET = '' } = await this.subnet();
    return [FLANNEL_SUBNET.replace('.1/', '.0/'), FLANNEL_IPV6_SUBNET.replace('::1/', '::/')].filter(Boolean);
  }

  /** The power fails; the node comes back with what is on its disk. */
  async reboot(): Promise<void> {
    await this.machine.reboot();
    await join(this.lan, this.machine, this.number);
  }

  /** The node boots with a disk on which no pod has left anything, and flanneld. */
  async beginAnew(): Promise<void> {
    await this.reboot();
    await this.machine.sh('rm -rf /var/lib/cni/* /etc/cni/net.d/*');
    this.configure(conflist('cbr0'));
    await this.startFlanneld();
  }

  /** Calls cnitool for a pod, whose namespace must exist. */
  cni(command: string, pod: string, network = 'cbr0', hostPort?: number): Promise<Outcome> {
    const ports = hostPort === undefined ? [] : [{ hostPort, containerPort: 80, protocol: 'tcp' }];
    const variables = [`CNI_PATH=${binDirectory}`, 'NETCONFPATH=/etc/cni/net.d'];
    const capabilities = `CAP_ARGS=${JSON.stringify({ portMappings: ports })}`;
    return this.machine.run([
      'env',
      ...variables,
      capabilities,
      cnitool,
      command,
      network,
      `/run/netns/${pod}`,
    ]);
  }

  /** Makes a pod's namespace, without a network. */
  async makeNamespace(pod: string): Promise<void> {
    await this.machine.sh(
      `[ -e /run/netns/${pod} ] || { ip netns add ${pod} && ip -n ${pod} link set lo up; }`,
    );
  }

  /** Ends a pod's processes, and removes its namespace. */
  async removeNamespace(pod: string): Promise<void> {
    await this.machine.sh(`for pid in $(ip netns pids ${pod}); do kill $pid; done; ip netns del ${pod}`);
  }

  /** Makes the network of a pod, whose namespace must exist. */
  async attach(pod: string, network = 'cbr0', hostPort?: number): Promise<Pod> {
    const { status, stdout, stderr } = await this.cni('add', pod, network, hostPort);
    if (status !== 0) throw new Error(`ADD of ${pod} on ${this.name}: ${stdout}${stderr}`);
    const { ips }: { ips: { address: string }[] } = JSON.parse(stdout);
    return { name: pod, addresses: ips.map(({ address }) => address.replace(/\/.*/, '')) };
  }

  /** Deletes a pod's network, which must succeed. */
  async detach(pod: string, network = 'cbr0', hostPort?: number): Promise<void> {
    const { status, stdout, stderr } = await this.cni('del', pod, network, hostPort);
    if (status !== 0) throw new Error(`DEL of ${pod} on ${this.name}: ${stdout}${stderr}`);
  }

  /** Starts a pod with a web server that prints its client's address. */
  async add(pod: string, network?: string, hostPort?: number): Promise<Pod> {
    await this.makeNamespace(pod);
    const made = await this.attach(pod, network, hostPort);
    await this.machine.sh(`ip netns exec ${pod} busybox httpd -p 80 -h ${this.lan.disk}/root/www`);
    return made;
  }

  /** Deletes a pod's network, which must succeed, and then its namespace. */
  async del(pod: string, network?: string, hostPort?: number): Promise<void> {
    await this.detach(pod, network, hostPort);
    await this.removeNamespace(pod);
  }

  /** The addresses in a pod, with their prefix lengths. */
  addressesOf(pod: string): Promise<string[]> {
    return addressesIn(this.machine, `/run/netns/${pod}`);
  }

  /** A web server's answer to the node or, if one is named, to a pod: `<machine> <the client's address>`. */
  async ask(place: string, pod?: string): Promise<string> {
    const within = pod === undefined ? '' : `ip netns exec ${pod}`;
    const host = place.includes('::') && !place.startsWith('[') ? `[${place}]` : place;
    return plain(await this.machine.sh(`${within} curl -sS -g --max-time 30 http://${host}/cgi-bin/who`));
  }

  /** Whether an address answers a pod's ping; `size` is that of the whole packet, which may not be fragmented. */
  async pings(pod: string, address: string, size?: number): Promise<boolean> {
    const whole = size === undefined ? '' : `-M do -s ${size - (address.includes(':') ? 48 : 28)}`;
    const ping = `ip netns exec ${pod} ping -qnc1 -W10 ${whole} ${address}`;
    return (await this.machine.run(['sh', '-c', ping])).status === 0;
  }
}
