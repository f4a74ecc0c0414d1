import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** What a command did. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A host of a test's own: network and mount namespaces with an empty /run and /var/lib/cni, which vanish with the
 * process that holds them.
 */
export class Host {
  private constructor(
    private readonly holder: ChildProcess,
    readonly pid: number,
  ) {}

  static async start(): Promise<Host> {
    const script = `
      mount -t tmpfs none /run && mkdir -p /run/netns /run/lock
      mount -t tmpfs none /var/lib/cni && mount -t sysfs none /sys
      ip link set lo up && echo ready && exec sleep infinity`;
    const holder = spawn('unshare', ['-nm', '--propagation', 'private', 'sh', '-euc', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [answer] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
    if (String(answer).trim() !== 'ready' || holder.pid === undefined) {
      throw new Error('a host of its own could not be made: run the tests by `make test`');
    }
    return new Host(holder, holder.pid);
  }

  /** Ends the host and all that is in it. */
  async stop(): Promise<void> {
    this.holder.kill('SIGKILL');
    if (this.holder.exitCode === null && this.holder.signalCode === null) await once(this.holder, 'exit');
  }

  /** How to enter the host, for a command that is to go on in the background. */
  get entering(): string[] {
    return ['-t', String(this.pid), '-n', '-m', '--wd=/'];
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
    if (error !== undefined) throw error;
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

  /** All that a plugin may change, in a form that is the same before an ADD and after its DEL. */
  snapshot(...containers: string[]): string {
    const inside = containers.map((name) => `ip netns exec ${name} sh -c '${networkState}'`);
    return this.sh([networkState, ...inside, filterState, leaseState].join('\n'));
  }
}

/** Indices and counters differ from run to run; a link-local address comes and goes as its link settles. */
const networkState = `
  ip -o link | sed -E "s/^[0-9]+: //; s/@if[0-9]+/@if/"
  ip -o addr show scope global | sed -E "s/^[0-9]+: //"
  ip route show table all type unicast | sort; ip -6 route show table main | grep -v ^fe80 | sort
  cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding`;
const filterState = 'nft -s list ruleset';
/** The round robin's place moves on with every lease, as in the Go plugin. */
const leaseState =
  'cd /var/lib/cni && find . -type f ! -name "last_reserved_ip.*" ! -name lock -exec head -v {} +';
