import { utimesSync } from '#files';
import type { Stats } from '../../netlink/libc/files.ts';

/**
 * Modification times, in seconds since 1970, that mark directories: `complete` if the index has all of a directory,
 * `ours` if nobody else has changed it. Whoever changes the directory after that, the Go host-local or an operator,
 * changes the time too, however coarse the clock, so one stat tells whether the index can be trusted. An index in
 * another format would need other times.
 */
export const stamp = { complete: 981_173_107, ours: 981_173_108 } as const;

const [complete, ours] = [stamp.complete * 1000, stamp.ours * 1000];

/** Whether a directory has the stamp `complete`. */
export function isComplete({ mtimeMs }: Stats): boolean {
  return mtimeMs === complete;
}

/** Whether a directory has either stamp. */
export function isStamped({ mtimeMs }: Stats): boolean {
  return mtimeMs === complete || mtimeMs === ours;
}

/** Stamps a directory. */
export function putStamp(path: string, time: number): void {
  utimesSync(path, time, time);
}
