import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { snapshot } from './snapshot.ts';

/** A command's outcome. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a child process does until it ends. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

/** Root enters namespaces as they are; an ordinary user becomes root of a user namespace. */
const isRoot = process.getuid?.() === 0;

/** Sets a network namespace's sysctls to the kernel's defaults. */
const kernelDefaults = resolve('build/kernel-defaults');

/**
 * A host of a test's own, as `build/in-host` makes it: network and mount namespaces with the kernel's own sysctls and
 * an empty /run and /var/lib/cni, which vanish with the process that holds them. That process reads a pipe from here,
 * so it ends with the tests however they end.
 */
export class Host {
  private holder: ChildProcess | undefined;
  private readonly servers: number[] = [];

  /** A new host, started. */
  static async start(...containers: readonly string[]): Promise<Host> {
    const host = new Host();
    await host.start(...containers);
    return host;
  }

  /** Makes the host, with these containers; a stopped one can be started again, empty. */
  async start(...containers: readonly string[]): Promise<void> {
    const holder = spawn('build/in-host', ['sh', '-c', 'echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.holder = holder;
    const [answer] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
    if (String(answer).trim() !== 'ready') {
      throw new Error('a host of its own could not be made: user namespaces may be off on this machine');
    }
    if (containers.length > 0) this.addContainers(...containers);
  }

  /** Stops the host and everything in it. */
  async stop(): Promise<void> {
    for (const pid of this.servers.splice(0)) process.kill(pid);
    const { holder } = this;
    this.holder = undefined;
    if (holder === undefined) return;
    holder.kill('SIGKILL');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  }

  /** The process that holds the host. */
  get pid(): number {
    const pid = this.holder?.pid;
    if (pid === undefined) throw new Error('the host has not been started');
    return pid;
  }

  /** Makes named network namespaces, each with the kernel's default sysctls whatever this machine's. */
  addContainers(...names: readonly string[]): void {
    this.sh(`set -e; for name in ${names.join(' ')}; do
        ip netns add $name
        ip netns exec $name ${kernelDefaults}
      done`);
  }

  /** The command that enters the host, for running something in the background. */
  get entering(): string[] {
    const user = isRoot ? [] : ['-U', '--preserve-credentials'];
    return ['-t', String(this.pid), ...user, '-n', '-m', '--wd=/'];
  }

  /** Runs a program in the host. */
  run(
    argv: readonly string[],
    options: { input?: string | Buffer; env?: Record<string, string> } = {},
  ): Outcome {
    const { status, stdout, stderr, error } = spawnSync('nsenter', [...this.entering, ...argv], {
      encoding: 'utf8',
      input: options.input ?? '',
      env: options.env ?? { PATH: process.env.PATH ?? '' },
      maxBuffer: 64 * 1024 * 1024,
    });
    // A program that fails early leaves its input unread; its outcome is returned all the same.
    const unread = error !== undefined && 'code' in error && error.code === 'EPIPE';
    if (error !== undefined && !unread) throw error;
    return { status, stdout, stderr };
  }

  /** Runs a shell command that must succeed, and returns what it printed. */
  sh(command: string): string {
    const { status, stdout, stderr } = this.run(['sh', '-c', command]);
    if (status !== 0) throw new Error(`${command}: exit ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The JSON that a shell command prints; an empty list where it prints nothing. */
  json<T>(command: string): T {
    const text = this.sh(command).trim();
    return JSON.parse(text === '' ? '[]' : text);
  }

  /**
   * Everything that a plugin may change here and in these containers: the same text before an ADD and after its DEL.
   */
  snapshot(...containers: string[]): string {
    return snapshot(this, containers);
  }

  /** Starts an nginx in a network namespace of this host that answers with the address that it sees. */
  serve(netns: string): void {
    const directory = `/run/nginx-${netns}`;
    // In a user namespace root may be the only user, so nginx doesn't switch users.
    const conf = `user root; master_process off; pid ${directory}/pid; error_log ${directory}/error; events {}
      http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
        fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
        server { listen 80; listen [::]:80; location / { return 200 "seen from $remote_addr"; } } }`;
    this.sh(`mkdir ${directory} && printf %s '${conf}' >${directory}/conf
      ip netns exec ${netns} nginx -c ${directory}/conf -e ${directory}/error`);
    this.servers.push(Number(this.sh(`cat ${directory}/pid`)));
  }

  /**
   * Makes the namespace `beyond`: 192.0.2.2 and 2001:db8::2, a neighbour of this host's 192.0.2.1 and 2001:db8::1, its
   * only route back.
   */
  makeNeighbour(): void {
    this.addContainers('beyond');
    this.sh(`ip link add up0 type veth peer name eth0 netns beyond
      ip addr add 192.0.2.1/24 dev up0 && ip addr add 2001:db8::1/64 dev up0 nodad && ip link set up0 up
      ip -n beyond addr add 192.0.2.2/24 dev eth0 && ip -n beyond addr add 2001:db8::2/64 dev eth0 nodad
      ip -n beyond link set eth0 up`);
  }
}
