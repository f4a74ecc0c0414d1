import { messageOf } from '../../netlink/error.ts';
import type { Command } from '../command.ts';
import { removeConflists } from '../install/conflist.ts';
import { removeExecutables } from '../install/executables.ts';
import { binDirOption, readyToStay, stateOf, stayOption } from '../install/options.ts';
import type { State } from '../install/state.ts';
import { haveWords } from '../install/words.ts';
import { printable, type Terminal } from '../output/terminal.ts';

/** The network goes first: a runtime must not find one without its plugin. */
function uninstall(state: State, terminal: Terminal): void {
  for (const path of removeConflists(state))
    terminal.warn(`${printable(path)} was changed since it was installed: it stays`);
  const left = removeExecutables(state);
  if (left.length > 0)
    terminal.warn(`${left.join(', ')} in ${state.binDir}: put there by others since, and left to them`);
  state.remove();
}

export const uninstallCommand: Command = {
  name: 'uninstall',
  summary: 'take away what install put on a node, and put back what was',
  description: [
    'Removes the network that `install` wrote and our executables, and gives the names back to what had them before. What somebody has changed since stays as it is.',
    'Running containers keep their interfaces; the plugin that is back deletes them.',
  ],
  operands: [],
  options: [binDirOption, stayOption],
  hasJson: false,
  examples: [{ line: 'cni-bridge uninstall', says: 'the node as it was' }],
  failure: 'it could not be taken away; the last line says what the node has.',
  run(args, terminal) {
    const state = stateOf(args);
    const stay = readyToStay(args);
    if (state.exists()) {
      try {
        state.whileLocked(() => uninstall(state, terminal));
      } catch (error) {
        throw new Error(`${messageOf(error)}\n${haveWords(state)}`);
      }
      terminal.print(`${printable(haveWords(state))}\n`);
    } else terminal.print(`nothing was installed by cni-bridge in ${printable(state.binDir)}\n`);
    stay();
    return 0;
  },
};
