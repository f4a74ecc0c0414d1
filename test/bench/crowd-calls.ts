import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { labelOf } from './calls.ts';
import { type Contender, call, environmentFor, makeNamespaces, run } from './contender.ts';
import {
  attachments,
  type Crowd,
  crowdConfiguration,
  crowdJob,
  makeCrowd,
  writeCrowdInput,
} from './crowd.ts';
import { type Group, type Measured, measure, single } from './jobs.ts';
import { sleep } from './sleep.ts';

// Leases are on a disk, as for the other calls.
const root = resolve('dist/bench/crowds');
/** How many are attached where there are many. */
export const many = Number(process.env.CROWD ?? 1000);

/** The row of DELs after a crash. */
export function strandedRow(size: number): string {
  return `DEL without a namespace, among ${size.toLocaleString('en')}`;
}

/** The row of GCs that find nothing to remove. */
export const gcRow = `GC among ${many.toLocaleString('en')} valid attachments`;

/**
 * Measures what could take longer the more containers are attached: a DEL whose container's namespace is gone, and a
 * GC. All contenders are ours, so that each can be called where the first one has attached the crowd.
 */
export function crowdCalls(
  plugins: readonly Contender[],
  spawner: string,
  rounds: number,
  measured: Measured,
): void {
  const [contender] = plugins;
  if (contender === undefined) return;
  const crowds = [1, many].map((size): Crowd => {
    const host = `crowd-${size}`;
    return { contender, size, host, directory: `${root}/${host}` };
  });
  rmSync(root, { recursive: true, force: true });
  try {
    for (const crowd of crowds) makeCrowd(crowd, spawner);
    makeNamespaces(crowds.map(spareOf));
    // The kernel still has work to do for so many new links.
    sleep(3000);
    for (let round = 0; round < rounds; round++) {
      for (const crowd of crowds) {
        for (const plugin of plugins) measure(spawner, [strandedDelete(crowd, plugin)], measured);
      }
      const [, large] = crowds;
      if (large === undefined) continue;
      for (const plugin of plugins) measure(spawner, [collection(large, plugin)], measured);
    }
    for (const crowd of crowds) assertWhole(crowd);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * Attaches a container and removes its namespace, as a crash does.
 * @returns the DEL that follows, which is given the ADD's result
 */
function strandedDelete(crowd: Crowd, plugin: Contender): Group {
  const attachment = { containerID: 'stranded', netns: `/run/netns/${crowd.host}-gone`, ifname: 'eth0' };
  const config = crowdConfiguration(crowd);
  writeFileSync(attachment.netns, '');
  run(['mount', '--bind', `/run/netns/${spareOf(crowd)}`, attachment.netns]);
  const environment = environmentFor('ADD', plugin.executable, attachment);
  const added = call(['env', '-i', ...environment, plugin.executable], crowd.host, config);
  run(['ip', '-n', spareOf(crowd), 'link', 'delete', attachment.ifname]);
  run(['umount', attachment.netns]);
  rmSync(attachment.netns);
  const stdin = writeCrowdInput(crowd, 'stranded', { ...config, prevResult: JSON.parse(added) });
  const ending = environmentFor('DEL', plugin.executable, attachment);
  return single(labelOf(strandedRow(crowd.size), plugin), crowdJob(crowd, ending, stdin, plugin.executable));
}

/**
 * The namespace behind each removed one. It stays, since the kernel is busy for a while when it destroys one, which
 * would disturb the measurement.
 */
function spareOf({ host }: Crowd): string {
  return `${host}-spare`;
}

function collection(crowd: Crowd, plugin: Contender): Group {
  const valid = attachments(crowd).map(({ containerID, ifname }) => ({ containerID, ifname }));
  const stdin = writeCrowdInput(crowd, 'gc', {
    ...crowdConfiguration(crowd),
    cniVersion: '1.1.0',
    'cni.dev/valid-attachments': valid,
  });
  return single(
    labelOf(gcRow, plugin),
    crowdJob(crowd, environmentFor('GC', plugin.executable), stdin, plugin.executable),
  );
}

/** Whether exactly these are still attached. */
function assertWhole(crowd: Crowd): void {
  const links: unknown[] = JSON.parse(run(['ip', '-n', crowd.host, '-j', 'link', 'show', 'type', 'veth']));
  if (links.length !== crowd.size) throw new Error(`${links.length} of ${crowd.size} left in ${crowd.host}`);
}
