import { libc } from '#libc';

/** The base name that the executable was called by, which a link to it changes: `bridge`, `host-local`. */
export function invokedAs(): string {
  const called = libc.argv0();
  return called.slice(called.lastIndexOf('/') + 1);
}
