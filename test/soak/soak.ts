// Adds, checks and deletes containers, 16 at a time, for some minutes. Prints operations, failures, duplicates,
// residue, and how long an ADD took at the start and at the end.
// usage: soak.ts [MINUTES [CONTAINERS]]; SEED=n repeats the choices, as far as timing allows

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { executables } from '../support/cni.ts';
import { Host } from '../support/host.ts';
import { randomNumbers } from '../support/random.ts';

/** How many commands run at once. */
const workers = 16;
/** The kernel allows 1,023 ports on a bridge: 1,000 containers, some of them on it twice. */
const twice = 0.02;
const onThree = 0.1;

/** A container on a network; `free` while no command works on it. */
interface Attachment {
  readonly network: string;
  readonly containerID: string;
  readonly ifname: string;
  free: boolean;
  /** What the ADD printed; undefined while there is none. */
  result: { ips: { address: string }[] } | undefined;
}

const networks: Readonly<Record<string, object>> = {
  one: { bridge: 'br0', isGateway: true, isDefaultGateway: true, ...leasing('10.1.0.0/16', 'fd00:1::/64') },
  // On the same bridge, which is the gateway of both networks.
  two: { bridge: 'br0', ...leasing('10.2.0.0/16') },
  three: { bridge: 'br1', isGateway: true, ...leasing('10.3.0.0/16') },
};

function leasing(...subnets: string[]): object {
  return { ipMasq: true, ipam: { type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) } };
}

const [minutes = '10', containers = '1000'] = process.argv.slice(2);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = randomNumbers(seed);
const [[, executable] = ['', '']] = executables;

const counts = { ADD: 0, CHECK: 0, DEL: 0 };
type Command = keyof typeof counts;
const failures: string[] = [];
const duplicates: string[] = [];
/** The addresses in use of each network. */
const used = new Set<string>();
/** The ADDs once the bridge is full, in order: milliseconds, and peak memory in MiB. */
const adds: { milliseconds: number; memory: number }[] = [];
let filling = true;

/** What a command did, and its peak memory in MiB. */
interface Ended {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
  readonly memory: number;
}

/** Runs the plugin in a host, under time(1), whose line on the memory comes last on stderr. */
async function measured(host: Host, env: Record<string, string>, input: string): Promise<Ended> {
  const argv = [...host.entering, 'time', '--quiet', '--format=%M', executable];
  const child = spawn('nsenter', argv, { env: { PATH: process.env.PATH, ...env } });
  // A plugin that fails early leaves it unread.
  child.stdin.on('error', () => undefined).end(input);
  const [[status], stdout, told] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  const lines = told.trimEnd().split('\n');
  const memory = Number(lines.pop()) / 1024;
  return { status, stdout, stderr: lines.join('\n'), memory };
}

async function run(host: Host, command: Command, attachment: Attachment): Promise<void> {
  const { network, containerID, ifname, result: prevResult } = attachment;
  const conf = { cniVersion: '1.0.0', name: network, type: 'bridge', ...networks[network], prevResult };
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerID,
    CNI_NETNS: `/run/netns/${containerID}`,
    CNI_IFNAME: ifname,
    CNI_PATH: '/',
  };
  const start = performance.now();
  const { status, stdout, stderr, memory } = await measured(host, env, JSON.stringify(conf));
  const milliseconds = performance.now() - start;
  counts[command]++;
  if (status !== 0) {
    failures.push(`${command} ${containerID} ${ifname} on ${network}: exit ${status}\n${stdout}${stderr}`);
    return;
  }
  if (command === 'DEL') attachment.result = undefined;
  if (command !== 'ADD') return;
  attachment.result = JSON.parse(stdout);
  if (!filling) adds.push({ milliseconds, memory });
  for (const { address } of attachment.result?.ips ?? []) {
    if (used.has(`${network} ${address}`)) duplicates.push(`${network} ${address}`);
    used.add(`${network} ${address}`);
  }
}

/** Does one thing to an attachment: an ADD if there is none, else a DEL or a CHECK. */
async function step(host: Host, attachment: Attachment, command: Command): Promise<void> {
  attachment.free = false;
  if (command === 'DEL') {
    // From now on it may be another's.
    for (const { address } of attachment.result?.ips ?? []) used.delete(`${attachment.network} ${address}`);
  }
  await run(host, command, attachment);
  attachment.free = true;
}

/** Processes what `next` returns, with all workers at once, until it returns nothing. */
async function work(host: Host, next: () => [Attachment, Command] | undefined): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let one = next(); one !== undefined; one = next()) await step(host, ...one);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

/** Each attachment once. */
function each(attachments: readonly Attachment[], command: Command): () => [Attachment, Command] | undefined {
  const left = [...attachments];
  return () => {
    const one = left.shift();
    return one && [one, command];
  };
}

/** Any free attachment, until the time is up. */
function anything(attachments: readonly Attachment[], end: number): () => [Attachment, Command] | undefined {
  return () => {
    if (performance.now() > end) return undefined;
    for (;;) {
      const one = attachments[Math.floor(random() * attachments.length)];
      if (one?.free !== true) continue;
      if (one.result === undefined) return [one, 'ADD'];
      return [one, random() < 0.3 ? 'CHECK' : 'DEL'];
    }
  };
}

function plan(count: number): Attachment[] {
  const of = (network: string, ifname: string, share: number): Attachment[] =>
    Array.from({ length: Math.ceil(count * share) }, (_, index) => ({
      network,
      containerID: `c${index}`,
      ifname,
      free: true,
      result: undefined,
    }));
  return [...of('one', 'eth0', 1), ...of('two', 'eth1', twice), ...of('three', 'eth2', onThree)];
}

/** What is left on a host after all containers are deleted; the bridges stay. */
function residue(host: Host): string[] {
  const left = host.sh(`ip -o link show type veth; nft list ruleset
    find /var/lib/cni -type f ! -name lock ! -name 'last_reserved_ip.*' ! -name sums`);
  return left.split('\n').filter((line) => line !== '');
}

function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** A line on some of the ADDs. */
function describe(what: string, some: typeof adds): string {
  const times = some.map(({ milliseconds }) => milliseconds);
  const [p50, p95] = [percentile(times, 0.5), percentile(times, 0.95)];
  const memory = Math.max(...some.map(({ memory: peak }) => peak), 0);
  return `${what}: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, memory ${memory.toFixed(0)} MiB (${some.length} ADDs)`;
}

async function main(): Promise<number> {
  console.log(`${containers} containers, ${workers} at a time, ${minutes} minutes, SEED=${seed}`);
  const host = await Host.start();
  try {
    host.addContainers(...Array.from({ length: Number(containers) }, (_, index) => `c${index}`));
    const attachments = plan(Number(containers));
    const start = performance.now();
    await work(host, each(attachments, 'ADD'));
    console.log(`all added in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    filling = false;
    await work(host, anything(attachments, performance.now() + Number(minutes) * 60_000));
    await work(host, each(attachments, 'DEL'));
    const left = residue(host);
    for (const line of [...failures, ...duplicates, ...left].slice(0, 20)) console.log(line);
    const tenth = Math.ceil(adds.length / 10);
    console.log(describe('ADD at the start', adds.slice(0, tenth)));
    console.log(describe('ADD at the end  ', adds.slice(-tenth)));
    const operations = counts.ADD + counts.CHECK + counts.DEL;
    console.log(`${operations} operations (${counts.ADD} ADD, ${counts.CHECK} CHECK, ${counts.DEL} DEL)`);
    console.log(`${failures.length} failures, ${duplicates.length} duplicates, ${left.length} residue`);
    const failed = [failures, duplicates, left].filter(({ length }) => length > 0).length;
    console.log(`${3 - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await host.stop();
  }
}

main().then((status) => {
  process.exitCode = status;
});
