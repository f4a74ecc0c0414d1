// Calls the IPAM plugin `slow` in DIRECTORY, and prints its ADD's error.

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
