// Carries rows out with one plugin and prints an observation in each line: bun observe-rows.ts BRIDGE CNI_PATH KERNEL NAMES
import { writeSync } from 'node:fs';
import { observe } from './observe.ts';
import { rowsOf } from './rows.ts';

const [bridge = '', path = '', kernel = '', names = ''] = process.argv.slice(2);
for (const row of rowsOf(kernel === 'vlan', names)) {
  writeSync(1, `${JSON.stringify(await observe({ bridge, path }, row))}\n`);
}
