import { cli } from '#cli';
import { libc } from '#libc';
import { invokedAs } from '../plugin/invoked-as.ts';
import { main } from '../plugin/main.ts';

/** Whether words are a person's, by a plugin's name. `--help` and `--version` are the plugin's own to answer. */
function areCommand([command = '-']: readonly string[]): boolean {
  if (command.startsWith('-') || invokedAs() !== 'bridge') return false;
  const { CNI_COMMAND = '' } = libc.environment('CNI_COMMAND');
  return CNI_COMMAND === '';
}

// A runtime passes no arguments, and waits for every instruction.
libc.start(() => {
  const words = libc.args();
  if (libc.argv0().endsWith('cni-bridge')) return cli(words);
  return words.length > 0 && areCommand(words) ? cli(words) : main();
});
