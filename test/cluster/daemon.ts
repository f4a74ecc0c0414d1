import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Machine } from '../runtimes/machine.ts';

/** A program in the background of a machine, which can be ended and started again. */
export class Daemon {
  private child: ChildProcess | undefined;

  /** @param name also that of its log on the machine's disk */
  constructor(
    private readonly machine: Machine,
    readonly name: string,
    private readonly argv: readonly string[],
  ) {}

  start(): void {
    const script = 'echo $$ >"/run/$0.pid" && exec "$@"';
    this.child = this.machine.start(['sh', '-c', script, this.name, ...this.argv], this.name);
  }

  /** Ends it by a signal, and waits until it has ended. */
  async stop(signal = 'TERM'): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    await this.machine.sh(`kill -${signal} $(cat /run/${this.name}.pid)`);
    await ended;
  }

  /** Whether it was started and has not ended. */
  get runs(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The end of what it printed. */
  lastWords(lines = 3): Promise<string> {
    return this.machine.sh(`tail -n ${lines} ${this.machine.disk}/log/${this.name}`);
  }

  /** The lines of its log that contain a text. */
  logged(text: string): Promise<string> {
    return this.machine.sh(`grep -F -e '${text}' ${this.machine.disk}/log/${this.name} || true`);
  }
}
