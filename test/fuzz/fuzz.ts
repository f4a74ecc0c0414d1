// Looks for input that breaks the plugin, property after property, until the time is up.
// usage: fuzz.ts SECONDS; SEED=n repeats a run

import fc from 'fast-check';
import { startProcesses } from './processes.ts';
import { type Property, properties } from './properties.ts';

/** How many cases of a property to try before the next one's turn. */
const cases = 100;

interface Tally {
  tried: number;
  found: string | undefined;
}

function check(property: Property[1], seed: number, numRuns: number, tally: Tally): void {
  const details = fc.check(property, { seed, numRuns });
  tally.tried += details.numRuns;
  if (details.failed) tally.found = `${fc.defaultReportMessage(details)}\n${details.errorInstance}`;
}

async function main(seconds: number): Promise<number> {
  const first = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`SEED=${first}`);
  const processes = await startProcesses();
  try {
    const end = performance.now() + seconds * 1000;
    const all: [Property, number, Tally][] = [
      ...properties.map((one): [Property, number, Tally] => [one, cases, { tried: 0, found: undefined }]),
      ...processes.properties.map((one): [Property, number, Tally] => [
        one,
        2,
        { tried: 0, found: undefined },
      ]),
    ];
    // Each is tried at least once, however slow the machine is.
    for (let seed = first; seed === first || performance.now() < end; seed++) {
      for (const [[, property], runs, tally] of all) {
        const due = tally.tried === 0 || performance.now() < end;
        if (tally.found === undefined && due) check(property, seed, runs, tally);
      }
    }
    for (const [[name], , { tried, found }] of all) {
      console.log(`${found === undefined ? 'ok    ' : 'FAILED'} ${tried} cases: ${name}`);
      if (found !== undefined) console.log(found);
    }
    const failed = all.filter(([, , { tried, found }]) => found !== undefined || tried === 0).length;
    console.log(`${all.length - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await processes.stop();
  }
}

main(Number(process.argv[2] ?? 60)).then((status) => {
  process.exitCode = status;
});
