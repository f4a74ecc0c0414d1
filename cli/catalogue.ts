import type { Command } from './command.ts';
import { doctor } from './commands/doctor.ts';
import { graph } from './commands/graph.ts';
import { installCommand } from './commands/install.ts';
import { list } from './commands/list.ts';
import { logs } from './commands/logs.ts';
import { restoreCommand } from './commands/restore.ts';
import { show } from './commands/show.ts';
import { tryCommand } from './commands/try.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { validate } from './commands/validate.ts';

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  list,
  show,
  graph,
  logs,
  doctor,
  restoreCommand,
  validate,
  tryCommand,
  installCommand,
  uninstallCommand,
];
