// What grows with the containers on a node: the state that they leave on it, and the work of a call among them.
// usage: main.ts [CONTAINERS...]
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { executables, startCall } from '../support/cni.ts';
import { Host } from '../support/host.ts';
import { count, strace, type Work } from './trace.ts';

const sizes = process.argv.slice(2).map(Number);
const [[, executable] = ['', '']] = executables;
const traceFile = '/var/tmp/cni-bridge-scale-trace';
/** How often a call is timed. */
const rounds = 11;

const conf = {
  cniVersion: '1.1.0',
  name: 'pods',
  type: 'bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  hairpinMode: true,
  ipMasq: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/16' }]] },
};

/** Adds containers until there are so many, 16 at a time. */
async function fill(host: Host, from: number, to: number): Promise<void> {
  const names = Array.from({ length: to - from }, (_, index) => `c${from + index}`);
  host.sh(`for name in ${names.join(' ')}; do ip netns add $name; done`);
  const rest = names.values();
  const work = async () => {
    for (const name of rest) {
      const request = { containerID: name, netns: `/run/netns/${name}`, conf };
      const { status, stdout } = await startCall(host, executable, 'ADD', request);
      if (status !== 0) throw new Error(`ADD of ${name}: ${stdout}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

/** A call with its input. */
interface Call {
  readonly argv: readonly string[];
  readonly input: string;
}

/** A call whose work is counted, and what has to be done before it each time. */
interface Measured extends Call {
  readonly name: string;
  readonly before?: () => void;
}

function plugin(command: string, input: object, netns = '/run/netns/one'): Call {
  const variables = [
    `CNI_COMMAND=${command}`,
    'CNI_CONTAINERID=one',
    `CNI_NETNS=${netns}`,
    'CNI_IFNAME=eth0',
  ];
  const argv = ['env', '-i', ...variables, `CNI_PATH=${dirname(executable)}`, executable];
  return { argv, input: JSON.stringify(input) };
}

function run(host: Host, { argv, input }: Call, under: readonly string[] = []): string {
  const { status, stdout, stderr } = host.run([...under, ...argv], { input });
  // `cni-bridge doctor` ends with 1 where it finds something.
  if (status !== 0 && !argv.includes('doctor')) throw new Error(`${argv.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** The calls, each with the container `one` beside the others. */
function calls(host: Host, others: number): Measured[] {
  const add = plugin('ADD', conf);
  const del = plugin('DEL', conf);
  const detach = () => void run(host, del);
  const attach = () => {
    detach();
    return run(host, add);
  };
  const prevResult = JSON.parse(attach());
  const valid = Array.from({ length: others }, (_, index) => ({ containerID: `c${index}`, ifname: 'eth0' }));
  const all = [...valid, { containerID: 'one', ifname: 'eth0' }];
  return [
    { name: 'CHECK', ...plugin('CHECK', { ...conf, prevResult }) },
    { name: 'ADD', ...add, before: detach },
    { name: 'DEL', ...del, before: attach },
    { name: 'DEL, namespace gone', ...plugin('DEL', conf, ''), before: attach },
    { name: 'STATUS', ...plugin('STATUS', conf) },
    { name: 'GC, all valid', ...plugin('GC', { ...conf, 'cni.dev/valid-attachments': all }) },
    { name: '`cni-bridge list`', argv: [executable, 'list'], input: '' },
    { name: '`cni-bridge doctor`', argv: [executable, 'doctor'], input: '' },
  ];
}

/** A call's work, and how long it takes in milliseconds: the median. */
function measure(host: Host, call: Measured): Work & { readonly milliseconds: number } {
  call.before?.();
  run(host, call, strace(traceFile));
  const work = count(traceFile);
  const times = Array.from({ length: rounds }, () => {
    call.before?.();
    const began = process.hrtime.bigint();
    run(host, call);
    return Number(process.hrtime.bigint() - began) / 1e6;
  });
  return { ...work, milliseconds: times.sort((one, other) => one - other)[(rounds - 1) / 2] ?? 0 };
}

/** What the containers leave on the node, in the words of the tools that show it. */
function state(host: Host): string {
  const number = (command: string) => Number(host.sh(`${command} | wc -l`));
  const cells = [
    number('ip -o link show master cni0'),
    number('ip -o addr show dev cni0'),
    number("ls /var/lib/cni/networks/pods | grep '^10[.]'"),
    number("find /var/lib/cni/networks/pods/.attachments -name '*.10.*'"),
    number("nft list table inet cni-bridge-pods | tr , '\\n' | grep ' : goto'"),
    number('nft list table inet cni-bridge-pods | grep chain'),
    number('ip route'),
  ];
  return cells.join(' | ');
}

/** Measures all calls beside so many containers, and adds a row for each, which begins with its name and `column`. */
function measureAll(host: Host, others: number, column: number, rows: Map<string, string[]>): void {
  for (const call of calls(host, others)) {
    const { calls: total, sent, received, milliseconds } = measure(host, call);
    const row = `| ${call.name} | ${column} | ${total} | ${sent} | ${received} | ${milliseconds.toFixed(1)} |`;
    rows.set(call.name, [...(rows.get(call.name) ?? []), row]);
  }
  run(host, plugin('DEL', conf));
}

function printCalls(column: string, rows: ReadonlyMap<string, string[]>): void {
  console.log(`\n| call | ${column} | system calls | netlink datagrams sent | bytes received | ms, median |`);
  console.log(`| --- |${' --: |'.repeat(5)}`);
  console.log([...rows.values()].flat().join('\n'));
}

/** More and more containers on one bridge. */
async function amongContainers(host: Host): Promise<void> {
  const rows = new Map<string, string[]>();
  console.log(
    '| containers | ports | addresses of the bridge | leases | index | map elements | chains | routes |',
  );
  console.log(`|${' --: |'.repeat(8)}`);
  for (const [at, size] of sizes.entries()) {
    await fill(host, sizes[at - 1] ?? 0, size);
    console.log(`| ${size} | ${state(host)} |`);
    measureAll(host, size, size, rows);
  }
  printCalls('others', rows);
}

/** Ten containers on a node that has a route, and a next hop, for each of so many other nodes. */
async function amongNodes(host: Host): Promise<void> {
  const rows = new Map<string, string[]>();
  await fill(host, 0, 10);
  host.sh(
    'ip link add up0 type veth peer name up1 && ip addr add 172.16.0.1/12 dev up0 && ip link set up0 up',
  );
  let made = 0;
  for (const nodes of [2, 4999]) {
    const numbers = Array.from({ length: nodes - made }, (_, index) => made + index + 2);
    const byte = (number: number) => `${number >> 8}.${number & 255}`;
    const lines = numbers.map(
      (number) =>
        `route add 10.${100 + (number >> 8)}.${number & 255}.0/24 via 172.16.${byte(number)} onlink dev up0`,
    );
    const { status, stderr } = host.run(['ip', '-batch', '-'], { input: lines.join('\n') });
    if (status !== 0) throw new Error(stderr);
    made = nodes;
    measureAll(host, 10, nodes, rows);
  }
  printCalls('routes to other nodes', rows);
}

async function main(): Promise<void> {
  for (const look of [amongContainers, amongNodes]) {
    const host = await Host.start('one');
    await look(host).finally(() => host.stop());
  }
  rmSync(traceFile, { force: true });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
