import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bursts, plugins, prepareHosts, singleCalls } from './calls.ts';
import { chart } from './chart.ts';
import { compile } from './compile.ts';
import { connections } from './connections.ts';
import type { Contender } from './contender.ts';
import { crowdCalls, gcRow } from './crowd-calls.ts';
import { floorContender } from './floor.ts';
import { type Measured, measure } from './jobs.ts';
import { machine } from './machine.ts';
import { formatReport, type Report } from './report.ts';
import { anyCall, memoryRows, type Row, sizeRows, timeRows } from './row.ts';
import { countSystemCalls } from './system-calls.ts';
import { judge, targets } from './targets.ts';

/**
 * With fewer pairs, or without a part, a run is a quick look: no target fails it, and docs/benchmarks is not written.
 */
const fullPairs = 30;

const reference = resolve(process.env.REFERENCE_CNI_PATH ?? 'dist/reference');
const pairs = Number(process.env.PAIRS ?? fullPairs);
const { CONTENDERS, PARTS, CROWD } = process.env;
const full = pairs >= fullPairs && [CONTENDERS, PARTS, CROWD].every((limit) => limit === undefined);
const parts = (PARTS ?? 'calls bursts crowd connections system-calls').split(' ');

// Leases are on a disk, as in real use, so that waiting for the disk counts.
const directory = resolve('dist/bench');
const leases = `${directory}/leases`;
rmSync(leases, { recursive: true, force: true });
mkdirSync(leases, { recursive: true });
const spawner = compile('spawn', `${directory}/spawn`);

const bridge = resolve('dist/bridge');
const all: readonly Contender[] = [
  { key: 'bridge', title: 'dist/bridge', executable: bridge, options: {} },
  floorContender(compile('floor', `${directory}/floor`), leases),
  { key: 'pkg', title: 'dist/pkg/bridge', executable: resolve('dist/pkg/bridge'), options: {} },
  { key: 'go', title: 'Go (iptables)', executable: `${reference}/bridge`, options: {} },
  {
    key: 'go-nft',
    title: 'Go (nftables)',
    executable: `${reference}/bridge`,
    options: { ipMasqBackend: 'nftables' },
  },
];
const wanted = CONTENDERS?.split(' ');
const contenders = all.filter(({ key }) => wanted?.includes(key) ?? true);
const ours = contenders.filter(({ key }) => key === 'bridge' || key === 'pkg');

const about = machine(reference);
const tell = (what: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${what}`);
tell('hosts and containers');
prepareHosts(contenders, bridge, leases);
const measured: Measured = new Map();
if (parts.includes('calls')) {
  tell(`calls, ${pairs} pairs`);
  measure(spawner, singleCalls(contenders, pairs), measured);
}
if (parts.includes('bursts')) {
  const rounds = Number(process.env.BURSTS ?? Math.ceil(pairs / 6));
  tell(`bursts, ${rounds} pairs`);
  measure(spawner, bursts(contenders, rounds), measured);
}
const crowded: Measured = new Map();
if (parts.includes('crowd')) {
  tell('calls among many');
  crowdCalls(ours, spawner, pairs, crowded);
}
const rows: Row[] = [
  ...timeRows(measured),
  ...timeRows(crowded),
  ...memoryRows(anyCall, measured),
  ...memoryRows(`a ${gcRow}`, gcOnly(crowded)),
  ...sizeRows(plugins(contenders)),
];
if (parts.includes('connections')) {
  tell('connections');
  // The data path is the same for both of ours.
  const connecting = plugins(contenders).filter(({ key }) => key !== 'pkg');
  rows.push(...connections(connecting, spawner, Math.ceil(pairs / 3)));
}
tell('system calls');
const systemCalls = parts.includes('system-calls') ? countSystemCalls(contenders, leases) : [];
rmSync(leases, { recursive: true });

const verdicts = targets.flatMap((target) => judge(target, rows) ?? []);
const report: Report = { machine: about, pairs, rows, systemCalls, verdicts };
const output = full ? 'docs/benchmarks' : directory;
mkdirSync(output, { recursive: true });
const text = formatReport(contenders, report);
writeFileSync(`${output}/README.md`, text);
writeFileSync(`${output}/bench.json`, `${JSON.stringify(report, rounded)}\n`);
const where = `${about.kernel}, ${about.cpu} · Go: ${about.reference} · ${about.date}`;
const note = `Medians · ${where} · floor: the same state by bare system calls`;
writeFileSync(`${output}/bench.svg`, chart(contenders, rows, note));
console.log(text);
tell(`written to ${output}`);
if (full && verdicts.some(({ missedByFar }) => missedByFar)) process.exitCode = 1;

function gcOnly(figures: Measured): Measured {
  return new Map([...figures].filter(([label]) => label.startsWith(`${gcRow}|`)));
}

/** No figure is good for more than four decimals. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(4)) : value;
}
