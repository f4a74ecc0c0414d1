import { environmentOf, hostOf, programOf, run, type Target } from './contender.ts';

/** A program to run, from a host; its standard input comes from a file. */
export interface Job {
  readonly host: string;
  readonly stdin: string;
  readonly environment: readonly string[];
  readonly argv: readonly string[];
}

/** Jobs measured as one, from the first start to the last exit. */
export interface Group {
  /** The label of the figures; `-` if they are not measured. */
  readonly label: string;
  readonly concurrency: number;
  readonly jobs: readonly Job[];
}

/** What spawn.c measured of the groups that share a label, in the order in which they ran. */
export interface Figures {
  readonly milliseconds: number[];
  /** Of the processor. */
  readonly processor: number[];
  /** Peaks of resident memory. */
  readonly kibibytes: number[];
}

/** The call of a plugin as a job. */
export function pluginJob(command: string, target: Target, stdin: string): Job {
  return {
    host: hostOf(target.contender),
    stdin,
    environment: environmentOf(command, target),
    argv: programOf(target),
  };
}

/** A group of one job. */
export function single(label: string, job: Job): Group {
  return { label, concurrency: 1, jobs: [job] };
}

function format({ label, concurrency, jobs }: Group): string {
  const lines = jobs.map(({ host, stdin, environment, argv }) =>
    [host, stdin, ...environment, ...argv].join('\t'),
  );
  return `${[`${label}\t${concurrency}\t${jobs.length}`, ...lines].join('\n')}\n`;
}

/** Figures by the label of their groups. */
export type Measured = Map<string, Figures>;

/**
 * Runs groups one after another, with the program made from spawn.c.
 * @param measured where their figures are added
 * @throws Error when a job fails
 */
export function measure(spawner: string, groups: readonly Group[], measured: Measured): void {
  const lines = run([spawner], groups.map(format).join('')).trim().split('\n');
  for (const line of lines) {
    const [label = '', nanoseconds, microseconds, kibibytes] = line.split('\t');
    if (label === '-') continue;
    const figures = measured.get(label) ?? { milliseconds: [], processor: [], kibibytes: [] };
    figures.milliseconds.push(Number(nanoseconds) / 1e6);
    figures.processor.push(Number(microseconds) / 1e3);
    figures.kibibytes.push(Number(kibibytes));
    measured.set(label, figures);
  }
}
