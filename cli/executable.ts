import { libc } from '#libc';
import { invokedAs } from '../plugin/invoked-as.ts';
import { main } from '../plugin/main.ts';
import { cli } from './main.ts';

/** The name by which it is always a person's. */
const personName = 'cni-bridge';

/** A runtime passes no arguments. */
function start(): number {
  const words = libc.args();
  const name = invokedAs();
  const isPerson = name === personName || (words.length > 0 && name !== 'host-local');
  return isPerson ? cli(words) : main();
}

libc.start(start);
