import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bursts, prepareHosts, singleCalls } from './calls.ts';
import { chart } from './chart.ts';
import { connections } from './connections.ts';
import { type Contender, run } from './contender.ts';
import { type Figures, measure } from './jobs.ts';
import { machine } from './machine.ts';
import { courses } from './phases.ts';
import { formatReport, type Report } from './report.ts';
import { memoryRow, sizeRow, timeRows } from './row.ts';
import { judge, targets } from './targets.ts';

/** With fewer pairs, or a part left out, a run is for a quick look: it judges nothing, and stays out of docs/benchmarks. */
const fullPairs = 30;

const reference = resolve(process.env.REFERENCE_CNI_PATH ?? 'dist/reference');
const pairs = Number(process.env.PAIRS ?? fullPairs);
const { CONTENDERS, PARTS } = process.env;
const full = pairs >= fullPairs && CONTENDERS === undefined && PARTS === undefined;
const wanted = CONTENDERS?.split(' ');
const parts = (PARTS ?? 'calls bursts connections phases').split(' ');

const all: readonly Contender[] = [
  { key: 'bridge', title: 'dist/bridge', executable: resolve('dist/bridge'), options: {} },
  { key: 'pkg', title: 'dist/pkg/bridge', executable: resolve('dist/pkg/bridge'), options: {} },
  { key: 'go', title: 'Go (iptables)', executable: `${reference}/bridge`, options: {} },
  {
    key: 'go-nft',
    title: 'Go (nftables)',
    executable: `${reference}/bridge`,
    options: { ipMasqBackend: 'nftables' },
  },
];
const contenders = all.filter(({ key }) => wanted?.includes(key) ?? true);

// Leases are on a disk, as they are in use: what waits for the disk waits here too.
const folder = resolve('dist/bench');
const leases = `${folder}/leases`;
const spawner = `${folder}/spawn`;
rmSync(leases, { recursive: true, force: true });
mkdirSync(leases, { recursive: true });
run(['cc', '-O2', '-Wall', '-Wextra', '-o', spawner, 'test/bench/spawn.c']);

const about = machine(reference);
const tell = (what: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${what}`);
tell('hosts and containers');
prepareHosts(contenders, leases);
const measured = new Map<string, Figures>();
const collect = (found: ReadonlyMap<string, Figures>) => {
  for (const [label, figures] of found) measured.set(label, figures);
};
if (parts.includes('calls')) {
  tell(`calls, ${pairs} pairs`);
  collect(measure(spawner, singleCalls(contenders, pairs)));
}
if (parts.includes('bursts')) {
  const rounds = Number(process.env.BURSTS ?? Math.ceil(pairs / 6));
  tell(`bursts, ${rounds} pairs`);
  collect(measure(spawner, bursts(contenders, rounds)));
}
const rows = [...timeRows(measured), memoryRow(measured), sizeRow(contenders)];
if (parts.includes('connections')) {
  tell('connections');
  // The data path is the same for both of ours.
  rows.push(
    ...connections(
      contenders.filter(({ key }) => key !== 'pkg'),
      spawner,
      Math.ceil(pairs / 3),
    ),
  );
}
tell('phases');
const followed = parts.includes('phases') ? courses(contenders, leases, Math.min(pairs, 20)) : [];
rmSync(leases, { recursive: true });

const verdicts = targets.flatMap((target) => judge(target, rows) ?? []);
const report: Report = { machine: about, pairs, rows, courses: followed, verdicts };
const output = full ? 'docs/benchmarks' : folder;
mkdirSync(output, { recursive: true });
const text = formatReport(contenders, report);
writeFileSync(`${output}/README.md`, text);
writeFileSync(`${output}/bench.json`, `${JSON.stringify(report, rounded)}\n`);
const note = `Medians · ${about.kernel}, ${about.cpu} · Go: ${about.reference} · ${about.date}`;
writeFileSync(`${output}/bench.svg`, chart(contenders, rows, note));
console.log(text);
tell(`written to ${output}`);
if (full && verdicts.some(({ missedByFar }) => missedByFar)) process.exitCode = 1;

/** Four decimals are more than any figure is good for. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(4)) : value;
}
