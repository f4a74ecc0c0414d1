// Calls the IPAM plugin `slow` in the directory that DIRECTORY names, and prints what its ADD fails with.

import { libc } from '#libc';
import { delegateAdd } from '../../../ipam/delegate.ts';
import { print } from './print.ts';

libc.start(() => {
  const { DIRECTORY = '', DEADLINE } = libc.environment('');
  try {
    delegateAdd('slow', { path: [DIRECTORY], stdin: libc.encodeText('{}'), deadline: Number(DEADLINE) });
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
  }
  return 0;
});
