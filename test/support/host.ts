import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { snapshot } from './snapshot.ts';

/** What a command did. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Root enters namespaces as they are; an ordinary user becomes root of a user namespace. */
const isRoot = process.getuid?.() === 0;

/**
 * A host of a test's own: network and mount namespaces with an empty /run and /var/lib/cni, which vanish with the
 * process that holds them. That process reads a pipe from here, so that it ends with the tests however they end.
 */
export class Host {
  private readonly servers: number[] = [];

  private constructor(
    private readonly holder: ChildProcess,
    readonly pid: number,
  ) {}

  static async start(): Promise<Host> {
    const holder = spawn('build/in-host', ['sh', '-c', 'echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [answer] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
    if (String(answer).trim() !== 'ready' || holder.pid === undefined) {
      throw new Error('a host of its own could not be made: user namespaces may be off on this machine');
    }
    return new Host(holder, holder.pid);
  }

  /** Ends the host and all that is in it. */
  async stop(): Promise<void> {
    for (const pid of this.servers) process.kill(pid);
    this.holder.kill('SIGKILL');
    if (this.holder.exitCode === null && this.holder.signalCode === null) await once(this.holder, 'exit');
  }

  /** How to enter the host, for a command that is to go on in the background. */
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
    // A program that fails early leaves its input unread; how it ended is told all the same.
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

  /** All that a plugin may change here and in these containers: the same text before an ADD and after its DEL. */
  snapshot(...containers: string[]): string {
    return snapshot(this, containers);
  }

  /** Starts an nginx in a network namespace of this host that answers with the address that it sees. */
  serve(netns: string): void {
    const folder = `/run/nginx-${netns}`;
    // In a user namespace there may be no other user than root, so none is changed to.
    const conf = `user root; master_process off; pid ${folder}/pid; error_log ${folder}/error; events {}
      http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
        fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
        server { listen 80; listen [::]:80; location / { return 200 "seen from $remote_addr"; } } }`;
    this.sh(`mkdir ${folder} && printf %s '${conf}' >${folder}/conf
      ip netns exec ${netns} nginx -c ${folder}/conf -e ${folder}/error`);
    this.servers.push(Number(this.sh(`cat ${folder}/pid`)));
  }

  /**
   * Makes the namespace `beyond`: 192.0.2.2 and 2001:db8::2, a neighbour of this host's 192.0.2.1 and 2001:db8::1 that
   * knows no other way back.
   */
  makeNeighbour(): void {
    this.sh(`ip netns add beyond && ip link add up0 type veth peer name eth0 netns beyond
      ip addr add 192.0.2.1/24 dev up0 && ip addr add 2001:db8::1/64 dev up0 nodad && ip link set up0 up
      ip -n beyond addr add 192.0.2.2/24 dev eth0 && ip -n beyond addr add 2001:db8::2/64 dev eth0 nodad
      ip -n beyond link set eth0 up`);
  }
}
