import { closeSync, constants, lstatSync, openSync, writeSync } from '#files';
import { encodeText } from './bytes.ts';
import { fileErrorCode } from './error.ts';
import { readOnce, readValue } from './file.ts';

function pathOf(name: string): string {
  return `/proc/sys/${name}`;
}

/**
 * Whether the calling thread's network namespace has a link of this name. Each link has sysctls, and looking for them
 * takes a tenth of the time of asking for the link.
 */
export function hasLink(name: string): boolean {
  return lstatSync(pathOf(`net/ipv4/conf/${name}`), { throwIfNoEntry: false }) !== undefined;
}

/** The value of a sysctl in the calling thread's network namespace; undefined if the kernel doesn't have it. */
export function readSysctl(name: string): string | undefined {
  try {
    return readValue(pathOf(name)).trim();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Sets a sysctl unless it already has the value, so that a read-only /proc/sys does no harm if nothing changes.
 * @returns the previous value, undefined if nothing was changed
 * @throws Node's error if it can't be written
 */
export function setSysctl(name: string, value: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(pathOf(name), constants.O_RDWR);
  } catch (error) {
    const before = readSysctl(name);
    if (before === undefined || before === value) return undefined;
    throw error;
  }
  try {
    const before = readOnce(fd).trim();
    if (before === value) return undefined;
    // At position 0: the kernel refuses writes elsewhere (kernel.sysctl_writes_strict).
    writeSync(fd, encodeText(value), 0);
    return before;
  } finally {
    closeSync(fd);
  }
}
