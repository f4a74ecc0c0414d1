import { readFile } from '../netlink/file.ts';

/** The base name that the executable was called by, which a link to it changes: `bridge`, `host-local`. */
export function invokedAs(): string {
  // Both hosts resolve links in process.argv0 and execPath; the kernel keeps the name as it was given.
  const [called = ''] = readFile('/proc/self/cmdline').split('\0');
  return called.slice(called.lastIndexOf('/') + 1);
}
