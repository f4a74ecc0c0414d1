import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Outcome, outcomeOf } from '../support/host.ts';
import { removeControlGroups } from './control-groups.ts';

/** No command takes longer on any machine: one that does hangs. */
const deadline = 180_000;

/**
 * What the machine's PID 1 does before it waits. Its first line prints its PID on the outside. Persistent data is on
 * the machine's own disk: /var/lib, /opt and /etc/cni; its own boot ID lets it reboot. While it waits for the one child
 * that exits with this process, the shell reaps all orphans.
 */
const boot = `
  read -r pid rest </proc/self/stat
  mount -t proc proc /proc
  mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id
  mount --bind "$1/lib" /var/lib
  exec build/in-host sh -euc '
    mount --bind "$1/lib/cni" /var/lib/cni
    mount --bind "$1/opt" /opt
    mount --bind "$1/etc-cni" /etc/cni
    mount -t tmpfs none /dev/shm
    hostname "$3"
    echo "$2"
    exec 3<&0
    cat <&3 >/dev/null &
    wait' boot "$1" "$pid" "$2"`;

/** Where a machine's shell finds programs: the sbin directories are not in everyone's PATH. */
const environment = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: '/run' };

/**
 * A suite's own machine, which can reboot: PID, network, mount and UTS namespaces, with a disk that survives a reboot.
 * Everything on it ends with its PID 1, which ends with this process however that ends.
 */
export class Machine {
  /** Also the name of all control groups made on this machine. */
  readonly id: string;
  private holder: ChildProcess | undefined;
  private pid = '';

  private constructor(
    readonly disk: string,
    readonly name: string,
  ) {
    this.id = disk.slice(disk.lastIndexOf('/') + 1);
  }

  /** @param name its host name */
  static async start(name = 'machine'): Promise<Machine> {
    const disk = mkdtempSync('/var/tmp/e2e-runtimes-');
    for (const directory of ['lib/cni', 'opt/cni/bin', 'etc-cni/net.d', 'log']) {
      mkdirSync(`${disk}/${directory}`, { recursive: true });
    }
    const machine = new Machine(disk, name);
    try {
      await machine.boot();
    } catch (error) {
      await machine.stop();
      throw error;
    }
    return machine;
  }

  private async boot(): Promise<void> {
    writeFileSync(`${this.disk}/boot_id`, `${randomUUID()}\n`);
    const namespaces = ['-pfmu', '--propagation', 'private', '--kill-child'];
    const holder = spawn('unshare', [...namespaces, 'sh', '-euc', boot, 'boot', this.disk, this.name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.holder = holder;
    const [answer] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
    this.pid = String(answer).trim();
    if (!/^\d+$/.test(this.pid)) throw new Error('a machine of its own could not be made');
  }

  private async halt(): Promise<void> {
    const { holder } = this;
    this.holder = undefined;
    if (holder === undefined || holder.exitCode !== null || holder.signalCode !== null) return;
    // PID 1 exits at the end of its input; the kernel then kills all others, and PID 1 is gone once they are.
    holder.stdin?.end();
    await once(holder, 'exit');
    await removeControlGroups(this.id);
  }

  /** Kills everything at once, like a power failure, and boots again on the same disk. */
  async reboot(): Promise<void> {
    await this.halt();
    await this.boot();
  }

  /** Ends the machine and removes its disk. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.disk, { recursive: true, force: true });
  }

  private get entering(): string[] {
    return ['-t', this.pid, '-n', '-m', '-p', '-u', '--wd=/'];
  }

  /** Connects another machine by a veth pair: `here` is its end on this machine, `there` on the other. */
  async wire(here: string, other: Machine, there: string): Promise<void> {
    const pair = ['link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', other.pid];
    // Only from outside are both machines' PIDs known.
    const { status, stderr } = await outcomeOf(spawn('nsenter', ['-t', this.pid, '-n', 'ip', ...pair]));
    if (status !== 0) throw new Error(`${this.name} could not be connected to ${other.name}: ${stderr}`);
  }

  /** Runs a program on the machine. */
  async run(argv: readonly string[], input = ''): Promise<Outcome> {
    const child = spawn('nsenter', [...this.entering, ...argv], {
      env: environment,
      timeout: deadline,
      killSignal: 'SIGKILL',
    });
    // A program that exits early leaves its input unread; its outcome is returned all the same.
    child.stdin.on('error', () => {}).end(input);
    const [stdout, stderr, [status, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { status, stdout, stderr: signal === null ? stderr : `${stderr}ended by ${signal}` };
  }

  /** Runs a shell command that must succeed, and returns what it printed, without white space around it. */
  async sh(command: string, input = ''): Promise<string> {
    const { status, stdout, stderr } = await this.run(['sh', '-c', command], input);
    if (status !== 0) throw new Error(`${command}: exit ${status}: ${`${stderr}${stdout}`.trim()}`);
    return stdout.trim();
  }

  /** The JSON that a shell command prints; an empty list where it prints nothing. */
  async json<T>(command: string): Promise<T> {
    const text = await this.sh(command);
    return JSON.parse(text === '' ? '[]' : text);
  }

  /** Starts a program that goes on in the background; its output goes to a file on the machine's disk. */
  start(argv: readonly string[], log: string): ChildProcess {
    const output = openSync(`${this.disk}/log/${log}`, 'a');
    const child = spawn('nsenter', [...this.entering, ...argv], {
      env: environment,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    return child;
  }
}
