import { readdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { executables } from '../support/cni.ts';
import type { Machine } from './machine.ts';

/** Whose `bridge`, `host-local` and `loopback` a runtime uses. */
export type Side = 'ours' | 'Go';

/** The executable under test, which all names of ours are links to. */
const [[, ours] = ['', '']] = executables;
const reference = resolve('dist/reference');
/** The only plugin that `make reference` doesn't build. */
const goLoopback = '/usr/lib/cni/loopback';

/** The Go plugins that a runtime chains after the bridge. */
const chained = ['portmap', 'firewall', 'tuning', 'bandwidth'];

/** Where runtimes look for plugins. */
export const binDirectory = '/opt/cni/bin';

/** Puts a side's plugins where runtimes look for them. */
export function install(machine: Machine, side: Side, loopback: Side = side): void {
  const directory = `${machine.disk}${binDirectory}`;
  for (const name of readdirSync(directory)) unlinkSync(`${directory}/${name}`);
  for (const name of ['bridge', 'host-local']) {
    symlinkSync(side === 'ours' ? ours : `${reference}/${name}`, `${directory}/${name}`);
  }
  symlinkSync(loopback === 'ours' ? ours : goLoopback, `${directory}/loopback`);
  for (const name of chained) symlinkSync(`${reference}/${name}`, `${directory}/${name}`);
}
