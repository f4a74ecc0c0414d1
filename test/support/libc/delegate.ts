// Calls the IPAM plugin `slow` in the folder that FOLDER names, and prints what its ADD fails with.

import { libc } from '#libc';
import { delegateAdd } from '../../../ipam/delegate.ts';
import { print } from './print.ts';

libc.start(() => {
  const { FOLDER = '', DEADLINE } = libc.environment('');
  try {
    delegateAdd('slow', { path: [FOLDER], stdin: libc.encodeText('{}'), deadline: Number(DEADLINE) });
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
  }
  return 0;
});
