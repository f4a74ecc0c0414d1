// Breaks ADD and DEL at every system call, and checks what is left. Prints a table and a tally.
// usage: faults.ts [SAMPLE], one fault of every SAMPLE; as a shard: faults.ts shard <TRIALS

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { executables } from '../support/cni.ts';
import { Host } from '../support/host.ts';
import { randomNumbers } from '../support/random.ts';
import { tsx } from '../support/tsx.ts';
import { faultsFor } from './trace.ts';
import { Bench, stages, type Trial, type Verdict } from './trial.ts';

/** How many hosts work at once. */
const shards = 2;
const commands = ['ADD', 'DEL'] as const;
const outcomes = ['killed', 'succeeded', 'failed', 'not reached', 'residue'] as const;

type Finished = Trial & Verdict;

async function onHost<T>(work: (host: Host) => T): Promise<T> {
  const host = await Host.start();
  try {
    return work(host);
  } finally {
    await host.stop();
  }
}

/** Every fault of every command on every stage, as found in one run. */
async function plan(): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const [, executable] of executables) {
    await onHost((host) => {
      const bench = new Bench(host, executable);
      for (const stage of stages) {
        for (const command of commands) {
          for (const fault of faultsFor(bench.count(command, stage))) {
            trials.push({ executable, command, stage, ...fault });
          }
        }
      }
    });
  }
  return trials;
}

/** Runs the trials that stdin lists; prints each one's verdict as a line of JSON. */
async function runShard(): Promise<void> {
  const trials: Trial[] = JSON.parse(readFileSync(0, 'utf8'));
  for (const [, executable] of executables) {
    const own = trials.filter((trial) => trial.executable === executable);
    await onHost((host) => {
      const bench = new Bench(host, executable);
      for (const trial of own) console.log(JSON.stringify({ ...trial, ...bench.run(trial) }));
    });
  }
}

/** Runs a share of the trials in a process of its own. */
async function delegate(trials: Trial[], report: (one: Finished) => void): Promise<void> {
  const [program, ...words] = tsx;
  const child = spawn(program, [...words, 'test/faults/faults.ts', 'shard'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(trials));
  for await (const line of createInterface({ input: child.stdout })) report(JSON.parse(line));
}

/** Evenly spread: a random one of each `step` in turn. */
function sample(trials: Trial[], step: number): Trial[] {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`one fault of every ${step}, SEED=${seed}`);
  const random = randomNumbers(seed);
  return Array.from(
    { length: Math.floor(trials.length / step) },
    (_, group) => trials[group * step + Math.floor(random() * step)],
  ).filter((trial) => trial !== undefined);
}

function printTable(finished: readonly Finished[]): void {
  const rows = new Map<string, Record<Verdict['outcome'], number>>();
  for (const { executable, command, call, what, outcome } of finished) {
    const name = executable.slice(process.cwd().length + 1);
    const key = [name, command, call, what].join(' ');
    const row = rows.get(key) ?? { killed: 0, succeeded: 0, failed: 0, 'not reached': 0, residue: 0 };
    row[outcome]++;
    rows.set(key, row);
  }
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, index) => String(cell)[index < 4 ? 'padEnd' : 'padStart'](index === 0 ? 16 : 12))
      .join('');
  console.log(line(['executable', 'command', 'system call', 'fault', 'injected', ...outcomes]));
  for (const [key, row] of rows) {
    const injected = outcomes.reduce((sum, outcome) => sum + row[outcome], 0) - row['not reached'];
    console.log(line([...key.split(' '), injected, ...outcomes.map((outcome) => row[outcome])]));
  }
}

async function main(step: number): Promise<number> {
  const all = await plan();
  const trials = step > 1 ? sample(all, step) : all;
  console.log(`${trials.length} faults`);
  const finished: Finished[] = [];
  await Promise.all(
    Array.from({ length: shards }, (_, shard) =>
      delegate(
        trials.filter((_trial, index) => index % shards === shard),
        (one) => {
          finished.push(one);
          if (one.outcome !== 'residue') return;
          const { executable, command, stage, call, when, what, detail } = one;
          console.log(`${executable} ${command} on ${stage}: ${call} number ${when} ${what}\n${detail}\n`);
        },
      ),
    ),
  );
  printTable(finished);
  const failed =
    trials.length - finished.length + finished.filter(({ outcome }) => outcome === 'residue').length;
  console.log(`${trials.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function start([argument = '1']: readonly string[]): Promise<number> {
  if (argument !== 'shard') return main(Number(argument));
  await runShard();
  return 0;
}

start(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
