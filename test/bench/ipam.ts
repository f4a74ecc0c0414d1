import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compile } from './compile.ts';
import { run } from './contender.ts';
import { type Measured, measure } from './jobs.ts';
import {
  alternatingRound,
  commands,
  type LeaseContender,
  LeaseDirectories,
  ownRound,
  rowOf,
  type State,
} from './leases.ts';
import { lockHeld } from './lock.ts';
import { median, p95, pairwiseRatio } from './statistics.ts';
import { inWords, table } from './table.ts';
import { judgeFigure } from './targets.ts';

const reference = resolve(process.env.REFERENCE_CNI_PATH ?? 'dist/reference');
const rounds = Number(process.env.PAIRS ?? 30);
const sizes = (process.env.LEASES ?? '0 1000 10000 50000').split(' ').map(Number);

const bridge: LeaseContender = {
  key: 'bridge',
  title: 'dist/host-local',
  executable: resolve('dist/host-local'),
};
const pkg: LeaseContender = {
  key: 'pkg',
  title: 'dist/pkg/host-local',
  executable: resolve('dist/pkg/host-local'),
};
const go: LeaseContender = { key: 'go', title: 'Go', executable: `${reference}/host-local` };
const contenders = [bridge, pkg, go];

/** How long a call among this many leases may take, relative to one among none. */
const judgedSize = 10_000;
const growthTargets = [
  { state: 'own', limit: 1.2, where: '' },
  { state: 'alternating', limit: 3, where: ', in turn with Go in one directory' },
] as const;

const directory = resolve('dist/bench');
mkdirSync(directory, { recursive: true });
const spawner = compile('spawn', `${directory}/spawn-ipam`);
// On a disk, as in real use, so that waiting for the disk counts. A tmpfs (DIRECTORY=/run/leases) is quieter.
const leases = resolve(process.env.DIRECTORY ?? `${directory}/ipam`);
const directories = new LeaseDirectories(leases);
const fileSystem = run(['stat', '-f', '-c', '%T', leases]).trim();

for (const size of sizes) {
  for (const owner of ['bridge', 'pkg', 'go', 'both']) directories.fill(owner, size);
  for (const contender of [bridge, pkg]) {
    const { argv, stdin, environment } = directories.job(
      { command: 'DEL', executable: contender.executable, containerID: 'none' },
      contender.key,
      size,
    );
    run(['env', '-i', ...environment, 'sh', '-c', 'exec "$0" <"$1"', ...argv, stdin]);
  }
}

const measured: Measured = new Map();
const round = sizes.flatMap((size) => [
  ...ownRound(directories, contenders, size),
  ...alternatingRound(directories, [bridge, go], size),
]);
measure(spawner, Array.from({ length: rounds }, () => round).flat(), measured);

// The first call in a directory that the Go host-local has filled; it can be measured once in a directory.
for (let i = 0; i < Math.min(rounds, 5); i++) {
  for (const size of sizes) {
    for (const contender of [bridge, pkg]) {
      directories.fill('import', size);
      const label = `${rowOf('DEL', 'import', size)}|${contender.key}`;
      const job = directories.job(
        { command: 'DEL', executable: contender.executable, containerID: 'none' },
        'import',
        size,
      );
      measure(spawner, [{ label, concurrency: 1, jobs: [job] }], measured);
    }
  }
}

function times(
  command: string,
  state: State,
  size: number,
  { key }: LeaseContender,
): readonly number[] | undefined {
  return measured.get(`${rowOf(command, state, size)}|${key}`)?.milliseconds;
}

function cell(values: readonly number[] | undefined): string {
  return values === undefined ? '' : `${median(values).toFixed(2)} (${p95(values).toFixed(2)})`;
}

function ratio(a: readonly number[] | undefined, b: readonly number[] | undefined): string {
  return a === undefined || b === undefined ? '' : pairwiseRatio(a, b).toFixed(2);
}

/** Each command and size: the contenders, the ratio to the Go host-local, and what each has grown since no leases. */
function stateTable(state: State): string {
  const shown = contenders.filter((one) => commands.some((command) => times(command, state, 0, one)));
  return table(
    [
      '',
      'leases',
      ...shown.map(({ title }) => title),
      'ours / Go',
      ...shown.map(({ title }) => `growth ${title}`),
    ],
    commands.flatMap((command) =>
      times(command, state, 0, bridge) === undefined
        ? []
        : sizes.map((size) => [
            command,
            String(size),
            ...shown.map((one) => cell(times(command, state, size, one))),
            ratio(times(command, state, size, bridge), times(command, state, size, go)),
            ...shown.map((one) => ratio(times(command, state, size, one), times(command, state, 0, one))),
          ]),
    ),
  );
}

/** How long each holds the lock, in an ordinary directory. */
function lockTimes(size: number, command: string, { executable, key }: LeaseContender): number {
  const calls = key === 'go' ? 'flock' : 'flock,close';
  const timed = (verb: string, index: number): number => {
    const job = directories.job({ command: verb, executable, containerID: `lock-${index}` }, key, size);
    return lockHeld(job, calls, `${directory}/strace`);
  };
  const held = Array.from({ length: Math.min(rounds, 9) }, (_, index) => {
    const time = timed(command, index);
    if (command === 'ADD') timed('DEL', index);
    return time;
  });
  return median(held);
}

const locks = sizes.flatMap((size) =>
  ['ADD', 'DEL'].map((command) => ({
    size,
    command,
    held: contenders.map((contender) => lockTimes(size, command, contender)),
  })),
);

const verdicts = growthTargets.flatMap(({ state, limit, where }) =>
  commands.flatMap((command) => {
    const [a, b] = [times(command, state, judgedSize, bridge), times(command, state, 0, bridge)];
    if (a === undefined || b === undefined) return [];
    const what = `${command} among ${judgedSize.toLocaleString('en')} leases, by the same among none${where}`;
    return [{ what, limit, ...judgeFigure(pairwiseRatio(a, b), 'at most', limit) }];
  }),
);

const report = [
  `Whole processes, from exec to exit, in ms: median (p95) of ${rounds} rounds, in which all take turns. The directories` +
    ` are on ${fileSystem}.`,
  '## A directory with one user',
  stateTable('own'),
  '## A directory with two users',
  `Before each call of ours, the Go plugin has made or ended a lease in the same directory.`,
  stateTable('alternating'),
  '## The first call in a directory that the Go plugin has filled',
  stateTable('import'),
  '## The lock',
  `Held in a directory with one user, in ms: median of ${Math.min(rounds, 9)}. Each close(2) in between takes` +
    ' some 50 µs longer under strace.',
  table(
    ['', 'leases', ...contenders.map(({ title }) => title)],
    locks.map(({ command, size, held }) => [command, String(size), ...held.map((ms) => ms.toFixed(2))]),
  ),
  '## Targets',
  table(
    ['dist/host-local', 'at most', 'measured', ''],
    verdicts.map((verdict) => [
      verdict.what,
      String(verdict.limit),
      verdict.figure.toFixed(2),
      inWords(verdict),
    ]),
  ),
].join('\n\n');
writeFileSync(`${directory}/host-local.md`, `${report}\n`);
console.log(report);
rmSync(leases, { recursive: true });
process.exitCode = verdicts.some(({ missedByFar }) => missedByFar) ? 1 : 0;
