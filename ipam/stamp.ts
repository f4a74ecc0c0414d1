import { utimesSync } from '#files';
import type { Stats } from '../netlink/libc/files.ts';

/**
 * Modification times, in seconds since 1970, that folders are given: `complete` where what is noted of a folder is
 * complete, `ours` where nobody else has changed it. Whoever changes the folder after that, the Go host-local or an
 * operator, changes the time too, however coarse the clock; so one look tells whether the notes can be trusted. Notes
 * of another format would need other times.
 */
export const stamp = { complete: 981_173_107, ours: 981_173_108 } as const;

/** Whether nobody has changed a folder since it was given a stamp. */
export function bearsStamp({ mtimeMs }: Stats, ...stamps: readonly number[]): boolean {
  return stamps.some((time) => mtimeMs === time * 1000);
}

/** Stamps a folder. */
export function putStamp(path: string, time: number): void {
  utimesSync(path, time, time);
}

/** Takes a folder's stamp away. */
export function dropStamp(path: string): void {
  putStamp(path, Math.floor(Date.now() / 1000));
}
