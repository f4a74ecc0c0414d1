import { libc } from '#libc';
import { main } from '../plugin/main.ts';
import { cli } from './main.ts';

/** The name by which it is always a person's. */
const personName = /(^|\/)cni-bridge$/;
/** Names by which it never is. */
const pluginName = /(^|\/)(host-local|loopback)$/;

/** Whether a person calls: a runtime passes no arguments. `bridge --help` and `--version` are the plugin's to answer. */
function isPersons([command = '-']: readonly string[]): boolean {
  const name = libc.argv0();
  if (personName.test(name)) return true;
  if (command.startsWith('-') || pluginName.test(name)) return false;
  const { CNI_COMMAND = '' } = libc.environment('CNI_COMMAND');
  return CNI_COMMAND === '';
}

libc.start(() => {
  const words = libc.args();
  return isPersons(words) ? cli(words) : main();
});
