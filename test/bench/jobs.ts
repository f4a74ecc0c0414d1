import { environmentOf, hostOf, run, type Target } from './contender.ts';

/** A program to run, from a host; its standard input comes from a file. */
export interface Job {
  readonly host: string;
  readonly stdin: string;
  readonly environment: readonly string[];
  readonly argv: readonly string[];
}

/** Jobs measured as one, from the first start to the last exit. */
export interface Group {
  /** What the figures are filed under; `-` for what is not measured. */
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
  const { contender } = target;
  return {
    host: hostOf(contender),
    stdin,
    environment: environmentOf(command, target),
    argv: [contender.executable],
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

/** Runs groups one after the other by the program that spawn.c becomes. @throws Error when a job fails */
export function measure(spawner: string, groups: readonly Group[]): Map<string, Figures> {
  const found = new Map<string, Figures>();
  const lines = run([spawner], groups.map(format).join('')).trim().split('\n');
  for (const line of lines) {
    const [label = '', nanoseconds, microseconds, kibibytes] = line.split('\t');
    if (label === '-') continue;
    const figures = found.get(label) ?? { milliseconds: [], processor: [], kibibytes: [] };
    figures.milliseconds.push(Number(nanoseconds) / 1e6);
    figures.processor.push(Number(microseconds) / 1e3);
    figures.kibibytes.push(Number(kibibytes));
    found.set(label, figures);
  }
  return found;
}
