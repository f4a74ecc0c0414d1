import { add, type Call, call, del } from '../support/cni.ts';
import type { Host, Outcome } from '../support/host.ts';
import { type Calls, countCalls, type Fault, injection } from './trace.ts';

/** What the host has before the ADD: nothing, or another container on the same bridge. */
export const stages = ['empty', 'shared'] as const;
export type Stage = (typeof stages)[number];

/** One fault in one command. */
export interface Trial extends Fault {
  readonly executable: string;
  readonly command: 'ADD' | 'DEL';
  readonly stage: Stage;
}

/** `residue` where the host is not as it was, or a command after the fault fails. */
export interface Verdict {
  readonly outcome: 'killed' | 'succeeded' | 'failed' | 'not reached' | 'residue';
  readonly detail: string;
}

const conf = {
  cniVersion: '1.0.0',
  name: 'net',
  type: 'bridge',
  bridge: 'br0',
  isGateway: true,
  isDefaultGateway: true,
  ipMasq: true,
  macspoofchk: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd00:9::/64' }]] },
};
const request: Call = { conf };
const neighbour: Call = { containerID: 'c0', netns: '/run/netns/c0', conf };

/** A host for many trials of one executable. */
export class Bench {
  private readonly stages = new Map<Stage, string>();

  constructor(
    private readonly host: Host,
    private readonly executable: string,
  ) {
    host.addContainers('c0', 'c1');
  }

  /** Counts the system calls of a command. */
  count(command: Trial['command'], stage: Stage): Calls {
    this.prepare(stage);
    if (command === 'DEL') add(this.host, this.executable, request);
    const { status, stdout } = this.traced(command, []);
    if (status !== 0) throw new Error(`${command} under strace: exit ${status}\n${stdout}`);
    const calls = countCalls(this.trace());
    if (command === 'ADD') del(this.host, this.executable, request);
    return calls;
  }

  /** Tries one fault, and checks the outcome. */
  run(trial: Trial): Verdict {
    const before = this.prepare(trial.stage);
    try {
      const verdict = trial.command === 'ADD' ? this.runAdd(trial, before) : this.runDel(trial);
      this.expectClean('at the end', trial.stage);
      return verdict;
    } catch (error) {
      // The next trial must not be blamed for what is left now.
      this.stages.clear();
      return { outcome: 'residue', detail: error instanceof Error ? error.message : String(error) };
    }
  }

  private runAdd(trial: Trial, before: string): Verdict {
    const outcome = this.traced('ADD', ['-e', injection(trial)]);
    const verdict = this.judge(outcome, trial);
    if (verdict.outcome === 'failed') this.expect('after the ADD that failed', before);
    if (verdict.outcome === 'succeeded') {
      this.succeed('CHECK', { conf: { ...conf, prevResult: JSON.parse(outcome.stdout) } });
    }
    if (trial.what === 'KILL' && trial.when % 2 === 1) this.deleteOutOfReach();
    else this.succeed('DEL');
    this.expectNothingOf('after the DEL', trial.stage, before);
    this.succeed('ADD');
    this.succeed('DEL');
    return verdict;
  }

  private runDel(trial: Trial): Verdict {
    add(this.host, this.executable, request);
    const verdict = this.judge(this.traced('DEL', ['-e', injection(trial)]), trial);
    if (verdict.outcome !== 'succeeded') this.succeed('DEL');
    this.expectClean('after the DEL', trial.stage);
    this.succeed('ADD');
    this.succeed('DEL');
    return verdict;
  }

  /** A DEL when the namespace's name is gone but something inside keeps it alive. */
  private deleteOutOfReach(): void {
    const keeper = this.host
      .sh(`ip netns exec c1 sh -c 'touch /run/kept && exec sleep 600' >/dev/null 2>&1 & echo $!
        until [ -e /run/kept ]; do sleep 0.01; done; rm /run/kept; ip netns del c1`)
      .trim();
    this.succeed('DEL');
    this.host.sh(`kill ${keeper}`);
    this.host.addContainers('c1');
  }

  private judge({ status, stdout, stderr }: Outcome, { what }: Trial): Verdict {
    const trace = this.trace();
    if (what === 'KILL') {
      const killed = trace.includes('+++ killed by SIGKILL +++');
      return { outcome: killed ? 'killed' : 'not reached', detail: '' };
    }
    const at = trace.indexOf('(INJECTED)');
    if (at < 0 || !trace.slice(0, at).includes('\nread(0,')) return { outcome: 'not reached', detail: '' };
    // Node aborts if it can't wake its own threads, which is a write of 1 to an eventfd.
    const wakeup = /\nwrite\(\d+, "\\1(?:\\0){7}", 8\) [^\n]*\(INJECTED\)/.test(trace);
    if (wakeup && trace.includes('+++ killed by SIGABRT')) return { outcome: 'killed', detail: '' };
    if (stderr.includes('could not undo')) throw new Error(`undo: ${stderr}`);
    if (status === 0) return { outcome: 'succeeded', detail: '' };
    const error: unknown = JSON.parse(stdout || '{}');
    const clear = typeof error === 'object' && error !== null && 'code' in error && 'msg' in error;
    if (status !== 1 || !clear) throw new Error(`exit ${status} without an error object\n${stdout}${stderr}`);
    return { outcome: 'failed', detail: JSON.stringify(error) };
  }

  /** Sets the stage unless it is set already; returns its snapshot. */
  private prepare(stage: Stage): string {
    const there = this.stages.get(stage);
    if (there !== undefined && stage === 'shared') return there;
    this.stages.clear();
    this.host.sh(`ip netns del c0; ip netns del c1; nft flush ruleset
      ip -o link show type veth | sed 's/^[0-9]*: \\([^@:]*\\).*/\\1/' | while read -r l; do ip link del $l; done
      ip link del br0 2>/dev/null || true
      rm -rf /var/lib/cni/networks
      echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding`);
    this.host.addContainers('c0', 'c1');
    if (stage === 'shared') {
      add(this.host, this.executable, neighbour);
      // The very first container makes what each later one finds.
      add(this.host, this.executable, request);
      del(this.host, this.executable, request);
    }
    const before = this.host.snapshot('c1');
    this.stages.set(stage, before);
    return before;
  }

  private expectNothingOf(when: string, stage: Stage, before: string): void {
    if (stage === 'shared') this.expect(when, before);
    else this.expectClean(when, stage);
  }

  /** Checks that nothing is left of c1. The bridge and what is on it should stay. */
  private expectClean(when: string, stage: Stage): void {
    if (stage === 'shared') {
      this.expect(when, this.stages.get(stage) ?? '');
      return;
    }
    const left = this.host.sh(`ip -o link show type veth; nft list ruleset; ip -n c1 -o link | grep -v ': lo:'
      find /var/lib/cni -type f ! -name sums \\( -name '10.*' -o -name 'fd00*' -o -path '*/.attachments/*' \\)`);
    if (left.trim() !== '') throw new Error(`${when} there is left: ${left}`);
  }

  private expect(when: string, before: string): void {
    const now = this.host.snapshot('c1');
    if (now === before) return;
    const [was, is] = [before.split('\n'), now.split('\n')];
    const lost = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`);
    const more = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`);
    throw new Error([`${when} the host is another:`, ...[...lost, ...more].slice(0, 20)].join('\n'));
  }

  private succeed(command: string, more: Call = request): void {
    const { status, stdout, stderr } = call(this.host, this.executable, command, more);
    if (status !== 0) throw new Error(`then ${command}: exit ${status}\n${stdout}${stderr}`);
  }

  private traced(command: string, more: string[]): Outcome {
    const variables = `CNI_COMMAND=${command} CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/`;
    const argv = ['env', '-i', ...variables.split(' '), this.executable];
    // Only the main thread: it does everything that matters, and its calls come in the same order each time.
    return this.host.run(['strace', '-o', '/run/trace', ...more, ...argv], { input: JSON.stringify(conf) });
  }

  private trace(): string {
    return this.host.sh('cat /run/trace');
  }
}
