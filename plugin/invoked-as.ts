import { libc } from '#libc';

/** The plugins that the executable answers as. */
export type PluginName = 'bridge' | 'host-local' | 'loopback';

/** The plugin that the executable was called as, by the link's name; bridge for any other name. */
export function invokedAs(): PluginName {
  const called = libc.argv0();
  const name = called.slice(called.lastIndexOf('/') + 1);
  return name === 'host-local' || name === 'loopback' ? name : 'bridge';
}
