import { fileErrorCode } from './error.ts';
import { readValue, writeFile } from './file.ts';

/** The value of a sysctl in the calling thread's network namespace; undefined where the kernel has none such. */
export function readSysctl(name: string): string | undefined {
  try {
    return readValue(`/proc/sys/${name}`).trim();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Sets a sysctl unless it has the value, so that a read-only /proc/sys is no trouble where nothing changes.
 * @returns the value from before, undefined where nothing was changed
 * @throws node's error where it can't be written
 */
export function setSysctl(name: string, value: string): string | undefined {
  const before = readSysctl(name);
  if (before === undefined || before === value) return undefined;
  writeFile(`/proc/sys/${name}`, value);
  return before;
}
