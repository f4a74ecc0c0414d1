import { call } from '../support/cni.ts';
import { Host, type Outcome } from '../support/host.ts';
import { deviations, type Facts, flatten } from './facts.ts';
import { kernelFacts } from './kernel.ts';
import { learnRoles, type Roles } from './roles.ts';
import { confOf, type Row } from './row.ts';

/** The four things that a row compares. */
export const parts = ['result', 'kernel', 'CHECK', 'DEL'] as const;
export type Part = (typeof parts)[number];

/** What one plugin made of one row. */
export interface Observation {
  readonly facts: Record<Part, Facts>;
  /** The results by container, with roles in place of random names and addresses, for libcni. */
  readonly results: Readonly<Record<string, string>>;
  /** Its error messages: not compared, but good to know. */
  readonly words: readonly string[];
}

/** A plugin, and where it finds others. */
export interface Plugin {
  readonly bridge: string;
  readonly path: string;
}

/** Runs a row with a plugin, on a host made for it. */
export async function observe(plugin: Plugin, row: Row): Promise<Observation> {
  for (let turn = 1; ; turn++) {
    const host = await Host.start();
    try {
      const observation = new Course(host, plugin, row).run();
      // On a busy machine the Go plugin may give up on its IPv6 addresses, after five seconds.
      const gaveUp = observation.words.some((words) => words.includes('still has tentative addresses after'));
      if (!gaveUp || turn === 5) return observation;
    } finally {
      await host.stop();
    }
  }
}

/** The first container; a row may have a second one on the same bridge. */
const first = 'c1';
const second = 'c2';

class Course {
  private readonly facts: Record<Part, Facts> = { result: {}, kernel: {}, CHECK: {}, DEL: {} };
  private readonly results: Record<string, string> = {};
  private readonly words: string[] = [];
  private readonly containers: readonly string[];
  private readonly attached: readonly string[];
  private readonly conf: Record<string, unknown>;
  /** The prevResults, by container. */
  private readonly answers = new Map<string, unknown>();

  constructor(
    private readonly host: Host,
    private readonly plugin: Plugin,
    private readonly row: Row,
  ) {
    this.containers = [first, second];
    this.attached = row.second === true ? [first, second] : [first];
    this.conf = confOf(row);
  }

  run(): Observation {
    this.host.addContainers(...this.containers);
    for (const name of this.containers) this.host.sh(`ip -n ${name} link set lo up`);
    if (this.row.before !== undefined) this.host.sh(this.row.before);
    const outcomes = this.attached.map((container) => ({ container, outcome: this.call('ADD', container) }));
    const atOnce = tentative(this.host, this.containers);
    this.settle();
    const roles = this.roles();
    for (const { container, outcome } of outcomes) this.noteResult(container, outcome, roles);
    const kernel = this.kernel(roles);
    this.facts.kernel = { ...kernel, ...atOnce };
    this.check(roles, kernel);
    this.del(roles);
    return { facts: this.facts, results: this.results, words: this.words };
  }

  private call(command: string, container: string, more: Record<string, unknown> = {}): Outcome {
    const { env = {}, args, ifname = 'eth0', containerID } = this.row;
    const prevResult = this.answers.get(container);
    const conf = { ...this.conf, ...(prevResult === undefined ? {} : { prevResult }), ...more };
    const outcome = call(this.host, this.plugin.bridge, command, {
      containerID: containerID ?? container,
      netns: `/run/netns/${container}`,
      ifname,
      conf: this.row.stdin ?? conf,
      // The Go plugin runs iptables and nft.
      env: {
        PATH: process.env.PATH,
        CNI_PATH: this.plugin.path,
        ...(args === undefined ? {} : { CNI_ARGS: args }),
        ...env,
      },
    });
    if (outcome.status !== 0) this.words.push(`${command} ${container}: ${wordsOf(outcome)}`);
    return outcome;
  }

  /** IPv6 addresses become usable a second or two after they were given. */
  private settle(): void {
    const left = this.host.sh(`for try in $(seq 200); do
        left=$(${tentativeReport(this.containers)})
        [ -n "$left" ] || exit 0
        sleep 0.05
      done; echo "$left"`);
    if (left !== '') throw new Error(`${this.row.name}: an address stays tentative\n${left}`);
  }

  private roles(): Roles {
    return learnRoles(this.host, this.containers, JSON.stringify([this.row, this.conf]));
  }

  private kernel(roles: Roles): Facts {
    return kernelFacts(
      this.host,
      this.containers,
      roles,
      this.conf.ipMasqBackend === 'iptables' || this.conf.forward === true,
    );
  }

  private noteResult(container: string, outcome: Outcome, roles: Roles): void {
    const { status, stdout } = outcome;
    this.facts.result[`${container} exit`] = String(status);
    if (status !== 0) {
      this.facts.result[`${container} code`] = codeOf(stdout);
      return;
    }
    const text = stdout.trim();
    this.results[container] = roles(text);
    const result: unknown = JSON.parse(text);
    this.answers.set(container, result);
    this.facts.result[`${container} indentation`] =
      /^ */.exec(text.split('\n')[1] ?? '')?.[0].length.toString() ?? '';
    Object.assign(this.facts.result, flatten(`${container} result`, JSON.parse(roles(text))));
  }

  private check(roles: Roles, before: Facts): void {
    if (this.answers.size === 0) return;
    for (const container of this.answers.keys()) this.noteCheck(container, 'CHECK');
    this.facts.CHECK['what it changed'] = changes(before, this.kernel(roles));
    const { tamper } = this.row;
    if (tamper === undefined) return;
    this.host.sh(tamper);
    this.noteCheck(first, 'CHECK after a change');
  }

  private noteCheck(container: string, what: string): void {
    const { status, stdout } = this.call('CHECK', container);
    this.facts.CHECK[`${container} ${what} exit`] = String(status);
    if (status !== 0) this.facts.CHECK[`${container} ${what} code`] = codeOf(stdout);
  }

  private del(roles: Roles): void {
    if (this.row.gone !== undefined) this.host.sh(this.row.gone);
    this.noteDel(first, 'first');
    const after = this.kernel(roles);
    this.noteDel(first, 'repeated');
    this.facts.DEL['what the repeated one changed'] = changes(after, this.kernel(roles));
    for (const container of this.attached.slice(1)) this.noteDel(container, 'first');
    Object.assign(this.facts.DEL, this.kernel(roles));
  }

  private noteDel(container: string, what: string): void {
    const { status, stdout } = this.call('DEL', container);
    this.facts.DEL[`${container} ${what} exit`] = String(status);
    if (status !== 0) this.facts.DEL[`${container} ${what} code`] = codeOf(stdout);
    else if (stdout !== '') this.facts.DEL[`${container} ${what} output`] = stdout;
  }
}

/** Prints the global IPv6 addresses that are not usable yet, with their place. */
function tentativeReport(containers: readonly string[]): string {
  const list = 'ip -o -6 addr show tentative scope global';
  const places = containers.map((name) => `ip netns exec ${name} ${list} | sed "s/^/${name} /"`);
  return [`${list} | sed "s/^/host /"`, ...places].join('; ');
}

function tentative(host: Host, containers: readonly string[]): Facts {
  const lines = host.sh(tentativeReport(containers)).split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, place, address] = /^(\S+) .*inet6 (\S+)/.exec(line) ?? [];
      return place === undefined ? [] : [[`${place} tentative when ADD returns ${address}`, 'yes']];
    }),
  );
}

function changes(before: Facts, after: Facts): string {
  const changed = deviations(before, after).map(({ path }) => path);
  return changed.length === 0 ? 'nothing' : changed.join(', ');
}

function codeOf(stdout: string): string {
  try {
    const { code }: { code?: unknown } = JSON.parse(stdout);
    return String(code);
  } catch {
    return `no error object: ${stdout}`;
  }
}

function wordsOf({ stdout, stderr }: Outcome): string {
  try {
    const { msg = '', details = '' }: { msg?: string; details?: string } = JSON.parse(stdout);
    return [msg, details].filter(Boolean).join(': ');
  } catch {
    return stdout + stderr;
  }
}
