// Runs rows with one plugin and prints an observation on each line: observe-rows.ts BRIDGE CNI_PATH KERNEL NAMES
import { observe } from './observe.ts';
import { rowsOf } from './rows.ts';

async function main([bridge = '', path = '', kernel = '', names = '']: readonly string[]): Promise<void> {
  for (const row of rowsOf(kernel === 'vlan', names)) {
    console.log(JSON.stringify(await observe({ bridge, path }, row)));
  }
}

void main(process.argv.slice(2));
