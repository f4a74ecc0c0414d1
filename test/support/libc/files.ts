// Prints what a host's `#files` makes of test/support/exercise-files.ts in the folder that FOLDER names.

import * as files from '#files';
import { libc } from '#libc';
import { exerciseFiles } from '../exercise-files.ts';
import { print } from './print.ts';

libc.start(() => {
  const { FOLDER = '' } = libc.environment('');
  print(JSON.stringify(exerciseFiles(files, FOLDER)));
  return 0;
});
