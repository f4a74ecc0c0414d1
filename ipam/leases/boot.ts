import { statSync } from '#files';
import { readFile } from '../../netlink/file.ts';
import { readSmallFile } from './files.ts';

/** What is known about the running kernel's start. */
export interface Boot {
  /** The first 8 hex digits of its boot ID, or {@link unknownBoot}. */
  readonly id: string;
  /** Milliseconds since 1970: a file last changed before this is from before the boot. Absent if unknown. */
  readonly start?: number;
}

/** Stands for a boot without an ID. */
export const unknownBoot = '00000000';

let runningBoot: string | undefined;

/** The first 8 hex digits of the running kernel's boot ID (random(4)), or {@link unknownBoot}. Read once. */
export function bootID(): string {
  runningBoot ??= readBootID();
  return runningBoot;
}

function readBootID(): string {
  try {
    const id = readSmallFile('/proc/sys/kernel/random/boot_id').slice(0, 8);
    return /^[0-9a-f]{8}$/.test(id) ? id : unknownBoot;
  } catch {
    return unknownBoot;
  }
}

/** By how many milliseconds the clock may be corrected after the boot without misjudging a lease. */
const margin = 60_000;

/**
 * The running kernel. Its start is known both by the current clock and by the clock back then; the earlier of the two
 * counts. Setting the clock since, forward or back, makes one of them wrong, not both.
 */
export function currentBoot(): Boot {
  const id = bootID();
  try {
    const [now, then] = [startByClock(), startByDevices()];
    return now === undefined || then === undefined ? { id } : { id, start: Math.min(now, then) - margin };
  } catch {
    return { id };
  }
}

/** The start by the current clock (proc(5), `btime`). */
function startByClock(): number | undefined {
  const [, seconds] = /^btime (\d+)$/m.exec(readFile('/proc/stat')) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/**
 * The start by the clock back then: the birth of devtmpfs, which the kernel creates before the first program runs.
 * Undefined if /dev is something else, as in most containers, or its birth isn't recorded.
 */
function startByDevices(): number | undefined {
  const mounts = readFile('/proc/self/mountinfo').split('\n');
  const dev = mounts.filter((line) => line.split(' ')[4] === '/dev').at(-1);
  if (dev === undefined || !dev.includes(' - devtmpfs ')) return undefined;
  const { birthtimeMs, ctimeMs } = statSync('/dev');
  // A birth that isn't recorded may read as 0 or as the time of the last change.
  return birthtimeMs > 0 && birthtimeMs < ctimeMs ? birthtimeMs : undefined;
}
