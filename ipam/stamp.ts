import { utimesSync } from '#files';
import type { Stats } from '../netlink/libc/files.ts';

/**
 * Seconds since 1970: the modification time that a folder is given when what is noted of it is complete. Whoever
 * changes the folder after that, the Go host-local or an operator, changes the time too, however coarse the clock; so
 * one look tells whether the notes can be trusted. Notes of another format would need another time.
 */
const stamp = 981_173_107;

/** Whether nobody has changed a folder since it was stamped. */
export function bearsStamp(stats: Stats): boolean {
  return stats.mtimeMs === stamp * 1000;
}

/** Stamps a folder. */
export function putStamp(path: string): void {
  utimesSync(path, stamp, stamp);
}

/** Takes a folder's stamp away. */
export function dropStamp(path: string): void {
  const now = Math.floor(Date.now() / 1000);
  utimesSync(path, now, now);
}
