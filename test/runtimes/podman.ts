import { writeFileSync } from 'node:fs';
import { must } from './checks.ts';
import { containersConf } from './containers-conf.ts';
import { image } from './image.ts';
import type { Machine } from './machine.ts';
import { addressesIn, plain } from './surroundings.ts';

/** A web server that prints its client's address, as a container's program. */
export const server = 'httpd -f -p 80 -h /www';

/** podman on a machine, with CNI for its networks. */
export class Podman {
  constructor(readonly machine: Machine) {
    writeFileSync(`${machine.disk}/opt/containers.conf`, containersConf('/opt/cni/bin'));
  }

  /** Runs a podman command that must succeed, and returns what it printed. */
  do(command: string): Promise<string> {
    return this.machine.sh(`CONTAINERS_CONF=/opt/containers.conf podman --storage-driver=vfs ${command}`);
  }

  /**
   * Runs a podman command that must fail.
   * @returns what it said
   */
  async refused(command: string): Promise<string> {
    let said: string;
    try {
      said = await this.do(command);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    throw new Error(`podman ${command} was carried out: ${said}`);
  }

  /** Starts a container that serves, with these options. */
  async serve(name: string, options: string): Promise<void> {
    await this.do(`run -d --name ${name} --hostname ${name} ${this.common} ${options} ${image} ${server}`);
  }

  /** Runs a command in a container of its own, and returns what it printed. */
  once(options: string, command: string): Promise<string> {
    return this.do(`run --rm ${this.common} ${options} ${image} sh -c '${command}'`);
  }

  /** The options of all containers: control groups that the machine's name identifies. */
  get common(): string {
    return `--cgroup-parent=/${this.machine.id}`;
  }

  /** A server's answer to a container: `<server> <client's address>`. */
  async asked(container: string, address: string, port = 80): Promise<string> {
    const answer = plain(await this.do(`exec ${container} ask ${address} ${port}`));
    must(answer !== '', `${address}:${port} does not answer ${container}`);
    return answer;
  }

  /** A container's network namespace. */
  async netns(container: string): Promise<string> {
    return this.do(`inspect -f '{{.NetworkSettings.SandboxKey}}' ${container}`);
  }

  /** The addresses of a container's interface, in its namespace. */
  async addresses(container: string, ifname = 'eth0'): Promise<string[]> {
    return addressesIn(this.machine, await this.netns(container), ifname);
  }

  /** A container's IPv4 address, without its prefix. */
  async address(container: string): Promise<string> {
    const [first = ''] = await this.addresses(container);
    return first.replace(/\/.*/, '');
  }
}
