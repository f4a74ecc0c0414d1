import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bursts, prepareHosts, singleCalls } from './calls.ts';
import { type Contender, run } from './contender.ts';
import { measure } from './jobs.ts';
import { memoryRow, type Row, sizeRow, timeRows } from './row.ts';
import { figuresTable, processorTable, targetsTable } from './table.ts';
import { judge, targets } from './targets.ts';

const reference = resolve(process.env.REFERENCE_CNI_PATH ?? 'dist/reference');
const rounds = Number(process.env.PAIRS ?? 30);
const burstRounds = Number(process.env.BURSTS ?? Math.max(1, Math.ceil(rounds / 3)));
const wanted = process.env.CONTENDERS?.split(' ');

const all: readonly Contender[] = [
  { key: 'bridge', title: 'dist/bridge', executable: resolve('dist/bridge'), options: {} },
  { key: 'pkg', title: 'dist/pkg/bridge', executable: resolve('dist/pkg/bridge'), options: {} },
  { key: 'go', title: 'Go', executable: `${reference}/bridge`, options: {} },
  {
    key: 'go-nft',
    title: 'Go nftables',
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

prepareHosts(contenders, leases);
const measured = new Map([
  ...measure(spawner, singleCalls(contenders, rounds)),
  ...(burstRounds > 0 ? measure(spawner, bursts(contenders, burstRounds)) : []),
]);
rmSync(leases, { recursive: true });

const rows: Row[] = [...timeRows(measured), memoryRow(measured), sizeRow(contenders)];
const verdicts = targets.flatMap((target) => judge(target, rows) ?? []);
const report = [
  'Whole processes, from exec to exit: median (p95).',
  figuresTable(contenders, rows),
  'Processor time in ms, children included: median.',
  processorTable(contenders, rows),
  'Targets.',
  targetsTable(verdicts),
].join('\n\n');
writeFileSync(`${folder}/table.md`, `${report}\n`);
console.log(report);
if (rounds >= 10) process.exitCode = verdicts.some(({ missedByFar }) => missedByFar) ? 1 : 0;
