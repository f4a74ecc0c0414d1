// Real container runtimes with our executables: usage: main.ts [PART...], where a part is podman, containerd, ...
import { Checks, type Seen, tally } from './checks.ts';
import { cnitoolChecks } from './cnitool.ts';
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

const suites: readonly Suite[] = [
  { name: 'loopback', run: loopbackChecks },
  { name: 'cnitool', run: cnitoolChecks },
  { name: 'podman', run: podmanChecks },
  { name: 'containerd', run: (machine, checks) => containerdChecks(machine, checks, debian) },
  { name: 'containerd 2', run: (machine, checks) => containerdChecks(machine, checks, newer) },
];

/** Runs a suite on a machine of its own. */
async function runOn(side: Side, suite: Suite, checks: Checks): Promise<void> {
  const machine = await Machine.start();
  try {
    makeImage(machine.disk);
    install(machine, side, suite.name === 'loopback' ? side : 'Go');
    await suite.run(machine, checks);
  } finally {
    await machine.stop();
  }
}

/** What the same checks see with the Go plugin; what it can't do is told beside ours, and fails nothing. */
async function baseline(suite: Suite): Promise<ReadonlyMap<string, Seen>> {
  const checks = new Checks(suite.name, 'quiet');
  await runOn('Go', suite, checks).catch((error: unknown) => console.log(`note: with the Go plugin: ${error}`));
  return checks.outcomes;
}

async function main(parts: readonly string[]): Promise<void> {
  for (const suite of suites.filter(({ name }) => parts.length === 0 || parts.includes(name))) {
    const began = Date.now();
    const checks = new Checks(suite.name, await baseline(suite));
    const between = Date.now();
    await runOn('ours', suite, checks).catch((error: unknown) =>
      checks.check('to the end', () => Promise.reject(error)),
    );
    const seconds = (from: number, to: number) => Math.round((to - from) / 1000);
    console.log(`== ${suite.name}: ${seconds(between, Date.now())} s, the Go plugin before it ${seconds(began, between)} s`);
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

main(process.argv.slice(2));
