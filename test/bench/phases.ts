import { readFileSync } from 'node:fs';
import { type Contender, call, configuration, firstInLine, type Kind, pluginArgv } from './contender.ts';
import { median } from './statistics.ts';

/** Where a call's time goes, in the order of an ADD. */
export const phases = ['start', 'parse', 'links', 'lease', 'addresses', 'nft', 'exit'] as const;
export type Phase = (typeof phases)[number];

/** Milliseconds of a command by phase, and its system calls, those of threads and children included. */
export interface Course {
  readonly command: 'ADD' | 'DEL';
  readonly milliseconds: Readonly<Record<Phase, number>>;
  readonly systemCalls: Readonly<Partial<Record<Contender['key'], number>>>;
}

/** What an ADD may take in each phase, in milliseconds on this project's machine when idle. */
export const budget: Readonly<Record<Phase, number>> = {
  start: 4,
  parse: 0.5,
  links: 1.5,
  lease: 0.8,
  addresses: 0.7,
  nft: 0.5,
  exit: 0.3,
};

const landmarks =
  'execve,read,openat,socket,sendto,sendmsg,setns,flock,fsync,linkat,unlinkat,link,unlink,write,close,exit_group';
const kind: Kind = 'masquerade';

/**
 * Follows ADDs and DELs by strace, from outside. What is no landmark goes untraced, at full speed; each landmark costs
 * some 40 µs more than it would.
 * @param dataDir where the contenders' hosts, which exist already, keep their leases
 */
export function courses(contenders: readonly Contender[], dataDir: string, rounds: number): Course[] {
  const ours = contenders.find(({ key }) => key === 'bridge');
  if (ours === undefined) return [];
  const taken = { ADD: [] as Record<Phase, number>[], DEL: [] as Record<Phase, number>[] };
  for (let round = 0; round < rounds; round++) {
    for (const command of ['ADD', 'DEL'] as const) {
      const options = ['--seccomp-bpf', '-ttt', '-e', `trace=${landmarks}`];
      taken[command].push(split(trace(command, ours, dataDir, options), command));
    }
  }
  return (['ADD', 'DEL'] as const).map((command) => ({
    command,
    milliseconds: eachPhase((phase) => median(taken[command].map((one) => one[phase]))),
    systemCalls: Object.fromEntries(
      contenders.map((contender) => [contender.key, countCalls(command, contender, dataDir)]),
    ),
  }));
}

function eachPhase(of: (phase: Phase) => number): Record<Phase, number> {
  return {
    start: of('start'),
    parse: of('parse'),
    links: of('links'),
    lease: of('lease'),
    addresses: of('addresses'),
    nft: of('nft'),
    exit: of('exit'),
  };
}

function trace(command: string, contender: Contender, dataDir: string, options: readonly string[]): string {
  const output = '/run/bench/trace';
  const target = { contender, kind, index: 1 };
  const plugin = pluginArgv(command, target);
  call(
    firstInLine(['strace', '-f', '-o', output, ...options, ...plugin]),
    contender,
    configuration(contender, kind, dataDir),
  );
  return readFileSync(output, 'latin1');
}

function countCalls(command: string, contender: Contender, dataDir: string): number {
  const total = trace(command, contender, dataDir, ['-c']).trim().split('\n').at(-1) ?? '';
  return Number(total.trim().split(/\s+/)[3]);
}

/**
 * Attributes the time from one landmark to the next to the phase that the first of them belongs to. `env` comes
 * before the plugin, so the second execve is where it starts.
 */
export function split(text: string, command: 'ADD' | 'DEL'): Record<Phase, number> {
  const sums = eachPhase(() => 0);
  const lines = text.split('\n').flatMap((line) => {
    const [, thread, seconds, event] = /^(\d+) +([\d.]+) (.*)$/.exec(line) ?? [];
    return event === undefined ? [] : [{ thread, time: Number(seconds) * 1e3, event }];
  });
  const main = lines[0]?.thread;
  const events = lines.filter(({ thread, event }) => thread === main && !event.startsWith('<...'));
  const begin = events.findLastIndex(({ event }) => event.startsWith('execve('));
  const seen = { leased: false, netfilter: new Set<string>() };
  let phase: Phase = 'start';
  let since = events[begin]?.time ?? 0;
  for (const { time, event } of events.slice(begin)) {
    sums[phase] += time - since;
    since = time;
    phase = phaseOf(event, command, seen) ?? phase;
  }
  return sums;
}

/** The phase that an event begins, or goes on with; undefined where it tells nothing. */
function phaseOf(
  event: string,
  command: 'ADD' | 'DEL',
  seen: { leased: boolean; netfilter: Set<string> },
): Phase | undefined {
  const [, name = '', first = ''] = /^(\w+)\(([^,)]*)/.exec(event) ?? [];
  const kernel = seen.leased && command === 'ADD' ? 'addresses' : 'links';
  if (name === 'exit_group' || (name === 'write' && first === '1')) return 'exit';
  if (name === 'read' && first === '0') return 'parse';
  if (name === 'socket' && event.includes('NETLINK_NETFILTER')) {
    seen.netfilter.add(/= (\d+)$/.exec(event)?.[1] ?? '');
    return 'nft';
  }
  if (name === 'close' && seen.netfilter.delete(first)) return 'nft';
  if (name === 'sendto' || name === 'sendmsg') return seen.netfilter.has(first) ? 'nft' : kernel;
  if (name === 'socket' || name === 'setns') return kernel;
  if (['flock', 'fsync', 'linkat', 'unlinkat', 'link', 'unlink'].includes(name)) {
    seen.leased = true;
    return 'lease';
  }
  if (name !== 'openat') return undefined;
  if (/"\/proc\/(sys\/net|thread-self\/ns)|"\/run\/netns\//.test(event)) return kernel;
  return event.includes('/leases/') ? 'lease' : undefined;
}
