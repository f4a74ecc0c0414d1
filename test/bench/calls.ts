import {
  bridgeOf,
  type Contender,
  call,
  configuration,
  hostOf,
  type Kind,
  makeNamespaces,
  pluginArgv,
  run,
  writeInput,
} from './contender.ts';
import { type Group, type Job, pluginJob, single } from './jobs.ts';

/** The number of calls in a burst, and so of containers that each contender has besides the one that stays. */
export const burstSize = 100;
const concurrencies = [1, 4, 16];

/** The label of figures: their row and contender. */
export function labelOf(row: string, { key }: Contender): string {
  return `${row}|${key}`;
}

/**
 * Gives each contender a host, containers, and bridges that one container already uses.
 * @param floorsPlugin the executable that attaches that container for the floor, which makes no bridge
 */
export function prepareHosts(contenders: readonly Contender[], floorsPlugin: string, dataDir: string): void {
  const indexes = Array.from({ length: burstSize + 1 }, (_, index) => index);
  makeNamespaces(contenders.flatMap(({ key }) => [key, ...indexes.map((index) => `${key}-${index}`)]));
  writeInput('nothing', '');
  for (const contender of contenders) {
    run(['ip', '-n', contender.key, 'link', 'set', 'lo', 'up']);
    writeInput(`first-${contender.key}`, configuration(contender, 'first', dataDir));
    const { key, title, executable, options } = contender;
    const plugin = { key, title, executable: key === 'floor' ? floorsPlugin : executable, options };
    for (const kind of ['masquerade', 'plain', 'dual'] as const) {
      const config = configuration(contender, kind, dataDir);
      writeInput(`${kind}-${contender.key}`, config);
      const prevResult = JSON.parse(
        call(pluginArgv('ADD', { contender: plugin, kind, index: 0 }), contender.key, config),
      );
      writeInput(`${kind}-${contender.key}-check`, { ...config, prevResult });
    }
  }
}

function job(command: string, contender: Contender, kind: Kind, index: number): Job {
  const suffix = command === 'CHECK' ? '-check' : '';
  return pluginJob(command, { contender, kind, index }, `/run/bench/${kind}-${contender.key}${suffix}`);
}

/** A network's name in the table. */
const titles: Record<Kind, string> = {
  masquerade: 'masquerade',
  plain: 'no masquerade',
  dual: 'masquerade, IPv4 and IPv6',
  first: 'masquerade, makes the bridge',
};

/** The contenders that are plugins: all but the floor. */
export function plugins(contenders: readonly Contender[]): Contender[] {
  return contenders.filter(({ key }) => key !== 'floor');
}

/** Without masquerading the Go plugin's backend makes no difference. */
function withoutMasquerade(contenders: readonly Contender[]): Contender[] {
  return contenders.filter(({ key }) => key !== 'go-nft');
}

/**
 * Single calls, the contenders in turn. Who follows a DEL pays for what the kernel put off, so each contender begins as
 * often as the others.
 */
export function singleCalls(contenders: readonly Contender[], rounds: number): Group[] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = round % contenders.length;
    return singleRound([...contenders.slice(first), ...contenders.slice(0, first)]);
  }).flat();
}

function singleRound(contenders: readonly Contender[]): Group[] {
  const callable = plugins(contenders);
  return [
    ...versions(withoutMasquerade(callable)),
    ...kindRound(contenders, 'masquerade'),
    ...kindRound(withoutMasquerade(contenders), 'plain'),
    ...kindRound(callable, 'dual'),
    ...firstRound(callable),
    ...checks(callable, 'masquerade'),
    ...checks(withoutMasquerade(callable), 'plain'),
  ];
}

function versions(contenders: readonly Contender[]): Group[] {
  return contenders.map((contender) =>
    single(labelOf('VERSION', contender), job('VERSION', contender, 'plain', 1)),
  );
}

function kindRound(contenders: readonly Contender[], kind: Kind): Group[] {
  return ['ADD', 'DEL'].flatMap((command) =>
    contenders.map((contender) =>
      single(labelOf(`${command}, ${titles[kind]}`, contender), job(command, contender, kind, 1)),
    ),
  );
}

function firstRound(contenders: readonly Contender[]): Group[] {
  const adds = contenders.map((contender) =>
    single(labelOf(`ADD, ${titles.first}`, contender), job('ADD', contender, 'first', 1)),
  );
  const cleanups = contenders.flatMap((contender) => [
    single('-', job('DEL', contender, 'first', 1)),
    single('-', {
      host: hostOf(contender),
      stdin: '/run/bench/nothing',
      environment: [],
      argv: ['/sbin/ip', 'link', 'delete', bridgeOf('first')],
    }),
  ]);
  return [...adds, ...cleanups];
}

function checks(contenders: readonly Contender[], kind: Kind): Group[] {
  return contenders.map((contender) =>
    single(labelOf(`CHECK, ${titles[kind]}`, contender), job('CHECK', contender, kind, 0)),
  );
}

/** The row of a burst. */
export function burstRow(command: string, concurrency: number): string {
  return `${burstSize} × ${command}, ${concurrency} at a time`;
}

/** Bursts of ADDs and of DELs with masquerading, the contenders in turn. */
export function bursts(contenders: readonly Contender[], rounds: number): Group[] {
  const round = concurrencies.flatMap((concurrency) =>
    ['ADD', 'DEL'].flatMap((command) =>
      plugins(contenders).map((contender) => ({
        label: labelOf(burstRow(command, concurrency), contender),
        concurrency,
        jobs: Array.from({ length: burstSize }, (_, index) =>
          job(command, contender, 'masquerade', index + 1),
        ),
      })),
    ),
  );
  return Array.from({ length: rounds }, () => round).flat();
}
