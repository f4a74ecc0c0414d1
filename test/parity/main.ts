// Compares the plugin with the Go plugin, row by row: rows.ts says what is done, differences.ts what differs
// deliberately. `main.ts TEXT` runs only the rows whose names contain TEXT.
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { tsx } from '../support/tsx.ts';
import { type Cell, type Comparison, compare } from './compare.ts';
import { differences } from './differences.ts';
import { hasGo } from './libcni.ts';
import type { Observation } from './observe.ts';
import { atLeast, findReference } from './reference.ts';
import type { Row } from './row.ts';
import { rowsOf } from './rows.ts';

const names = process.argv[2] ?? '';
const reference = findReference(process.env.REFERENCE_CNI_PATH ?? '/usr/lib/cni');
const nameWidth = 58;
const columns = ['result', 'kernel', 'CHECK', 'DEL', 'libcni'] as const;

/** The observations of all rows with a plugin, as they come. */
async function* observations(bridge: string, kernel: string, running: ChildProcess[]) {
  // Ours has host-local beside it, and finds the other IPAM plugins with the Go plugin.
  const path = [dirname(bridge), dirname(reference.bridge)].join(':');
  const command = [...tsx, 'test/parity/observe-rows.ts', bridge, path, kernel, names];
  const [program = '', ...rest] = kernel === 'vlan' ? ['test/uml/run', ...command] : command;
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UML_SECONDS: '3000' },
  });
  running.push(child);
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{')) continue;
    const observation: Observation = JSON.parse(line);
    yield observation;
  }
}

function shown(cell: Cell): string {
  if (cell.unexplained.length > 0) return 'DIFFERENT';
  if (cell.empty) return '-';
  return cell.explained.length === 0 ? 'same' : cell.explained.join(' ');
}

function line(name: string, cells: readonly string[]): string {
  return `${name.padEnd(nameWidth)} ${cells.map((cell) => cell.padEnd(15)).join(' ')}`.trimEnd();
}

/** What nothing explains, the Go plugin's value and ours. */
function details(row: Row, { cells, missing }: Comparison, ours: Observation, theirs: Observation): string[] {
  const lines = [`\n${row.name}`];
  for (const column of columns) {
    for (const { path, ours: own, reference: other } of cells[column].unexplained) {
      lines.push(`  ${column}: ${path}`, `    - reference: ${other ?? '(nothing)'}`);
      lines.push(`    + ours:      ${own ?? '(nothing)'}`);
    }
  }
  for (const number of missing) {
    lines.push(
      `  difference ${number} is listed for this row, and there is none: ${differences[number - 1]?.what}`,
    );
  }
  lines.push(...theirs.words.map((words) => `  the Go plugin said: ${words}`));
  lines.push(...ours.words.map((words) => `  ours said: ${words}`));
  return lines;
}

if (rowsOf(false, names).length + rowsOf(true, names).length === 0)
  throw new Error(`no row has "${names}" in its name`);

const failures: string[] = [];
const seen = new Map<number, number>();
let passed = 0;
let failed = 0;
let newer = 0;

async function compareAll(kernel: string): Promise<void> {
  const running: ChildProcess[] = [];
  const own = observations(`${process.cwd()}/dist/bridge`, kernel, running);
  const other = observations(reference.bridge, kernel, running);
  try {
    for (const row of rowsOf(kernel === 'vlan', names)) {
      const [{ value: ours }, { value: theirs }] = await Promise.all([own.next(), other.next()]);
      if (!ours || !theirs) throw new Error(`${row.name}: could not be carried out`);
      report(row, ours, theirs);
    }
  } finally {
    for (const child of running) child.kill();
  }
}

function report(row: Row, ours: Observation, theirs: Observation): void {
  if (row.since !== undefined && !atLeast(reference.version, row.since)) {
    newer++;
    console.log(line(row.name, [`the Go plugin knows it since ${row.since}`]));
    return;
  }
  const context = { row, version: reference.version, ours, reference: theirs };
  const comparison = compare(context, hasGo);
  const all = columns.map((column) => comparison.cells[column]);
  console.log(line(row.name, all.map(shown)));
  for (const number of new Set(all.flatMap(({ explained }) => explained))) {
    seen.set(number, (seen.get(number) ?? 0) + 1);
  }
  if (comparison.missing.length === 0 && all.every(({ unexplained }) => unexplained.length === 0)) passed++;
  else {
    failed++;
    failures.push(...details(row, comparison, ours, theirs));
  }
}

async function main(): Promise<void> {
  console.log(`ours against ${reference.bridge}, version ${reference.version}\n`);
  console.log(line('configuration', columns));
  if (rowsOf(false, names).length > 0) await compareAll('here');
  if (rowsOf(true, names).length > 0) await compareAll('vlan');
  console.log('\nDifferences that are meant:');
  for (const [index, { what, why }] of differences.entries()) {
    const count = seen.get(index + 1) ?? 0;
    if (count > 0) console.log(`  ${String(index + 1).padStart(2)}. ${what} (${count} rows): ${why}`);
  }
  if (newer > 0)
    console.log(`\n${newer} rows are about what version ${reference.version} does not know yet.`);
  if (!hasGo) console.log('\nNo Go toolchain: libcni has read no result.');
  if (failures.length > 0) console.log(`\nDifferences that nothing explains:\n${failures.join('\n')}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

void main();
