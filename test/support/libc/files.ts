// Prints what a host's `#files` makes of exercise-files.ts in the directory that DIRECTORY names.

import * as files from '#files';
import { libc } from '#libc';
import { exerciseFiles } from './exercise-files.ts';
import { print } from './print.ts';

libc.start(() => {
  const { DIRECTORY = '' } = libc.environment('');
  print(JSON.stringify(exerciseFiles(files, DIRECTORY)));
  return 0;
});
