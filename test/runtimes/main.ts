// Real container runtimes with our executables, each on a machine of its own, after the same run with the Go plugins.
// usage: main.ts [RUNTIME...]
import { Checks, type Seen, tally } from './checks.ts';
import { cnitoolChecks } from './cnitool.ts';
import { confTemplateChecks } from './conf-template.ts';
import { debian, newer } from './containerd.ts';
import { containerdChecks } from './cri-checks.ts';
import { makeImage } from './image.ts';
import { loopbackChecks } from './loopback.ts';
import { Machine } from './machine.ts';
import { install, type Side } from './plugins.ts';
import { podmanChecks } from './podman-checks.ts';

interface Suite {
  readonly name: string;
  readonly run: (machine: Machine, checks: Checks) => Promise<void>;
}

/** Runs before the others, which use our `loopback` if it works. */
const loopback: Suite = { name: 'loopback', run: loopbackChecks };

const suites: readonly Suite[] = [
  { name: 'cnitool', run: cnitoolChecks },
  { name: 'podman', run: podmanChecks },
  { name: 'containerd', run: (machine, checks) => containerdChecks(machine, checks, debian) },
  { name: 'containerd2', run: (machine, checks) => containerdChecks(machine, checks, newer) },
  { name: 'conf_template', run: (machine, checks) => confTemplateChecks(machine, checks, debian) },
  { name: 'conf_template2', run: (machine, checks) => confTemplateChecks(machine, checks, newer) },
];

/** The running machine, to be stopped when this process is. */
let current: Machine | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    console.log(`ended by ${signal}`);
    Promise.resolve(current?.stop()).finally(() => process.exit(1));
  });
}

/** Runs a suite on a machine of its own. */
async function runOn(side: Side, suite: Suite, checks: Checks, loopbackOf: Side): Promise<void> {
  const machine = await Machine.start();
  current = machine;
  try {
    makeImage(machine.disk);
    install(machine, side, loopbackOf);
    await suite.run(machine, checks);
  } finally {
    await machine.stop();
  }
}

/** What the same checks see with the Go plugins. Their failures are shown beside ours, and fail nothing. */
async function baseline(suite: Suite): Promise<ReadonlyMap<string, Seen>> {
  const checks = new Checks(suite.name, 'quiet');
  await runOn('Go', suite, checks, 'Go').catch((error: unknown) =>
    console.log(`note: ${suite.name} with the Go plugins: ${error}`),
  );
  return checks.outcomes;
}

/** Runs a suite with the Go plugins and with ours, and returns whether ours passed. */
async function compare(suite: Suite, loopbackOf: Side): Promise<boolean> {
  const began = Date.now();
  const checks = new Checks(suite.name, await baseline(suite));
  const between = Date.now();
  await runOn('ours', suite, checks, loopbackOf).catch((error: unknown) =>
    checks.check('to the end', () => Promise.reject(error)),
  );
  const seconds = (from: number, to: number) => Math.round((to - from) / 1000);
  console.log(
    `== ${suite.name}: ${seconds(between, Date.now())} s, with the Go plugins ${seconds(began, between)} s`,
  );
  return [...checks.outcomes.values()].every(({ passed }) => passed);
}

async function main(names: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('e2e-runtimes needs root, to run containers');
  process.umask(0o022);
  console.log('left out: CRI-O and Multus, which neither Debian 12 nor the Go module proxy has');
  const loopbackOf = (await compare(loopback, 'ours')) ? 'ours' : 'Go';
  console.log(`note: containerd is given ${loopbackOf === 'ours' ? 'our' : "Debian's"} loopback`);
  for (const suite of suites.filter(({ name }) => names.length === 0 || names.includes(name))) {
    await compare(suite, loopbackOf);
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
