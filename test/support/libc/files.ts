// Runs exercise-files.ts on a host's `#files` in DIRECTORY, and prints the outcome.

import * as files from '#files';
import { libc } from '#libc';
import { exerciseFiles } from './exercise-files.ts';
import { print } from './print.ts';

libc.start(() => {
  const { DIRECTORY = '' } = libc.environment('');
  print(JSON.stringify(exerciseFiles(files, DIRECTORY)));
  return 0;
});
