// Calls the C half of the QuickJS host with wrong arguments of all kinds, and prints unexpected outcomes; the last line
// is the number of calls. PART chooses: `texts`, `random`, `environment`, `calls`, or `fuzz` with SEED and CASES, which
// prints each call on stderr before it is made. DIRECTORY is a directory with a file `hundred` of 100 bytes.

import { libc } from '#libc';
import { hex } from '../../../netlink/bytes.ts';
import { native } from '../../../netlink/libc/quickjs/native.ts';
import { Calls } from './calls.ts';
import { fuzz } from './fuzz.ts';
import { print } from './print.ts';
import { textOutcomes } from './texts.ts';

const calls = new Calls(native);

function part(name: string | undefined, variables: Readonly<Record<string, string | undefined>>): string[] {
  const { DIRECTORY = '', SEED, CASES } = variables;
  if (name === 'texts') return textOutcomes({ encode: libc.encodeText, decode: libc.decodeText });
  if (name === 'random') return [hex(libc.randomBytes(32))];
  if (name === 'environment') return [JSON.stringify({ argv0: libc.argv0(), variables })];
  if (name === 'calls') return calls.checked(DIRECTORY);
  if (name === 'fuzz') return fuzz(calls, DIRECTORY, Number(SEED), Number(CASES));
  throw new Error(`no part ${name}`);
}

libc.start(() => {
  const variables = libc.environment('');
  print(
    part(variables.PART, variables)
      .map((line) => `${line}\n`)
      .join(''),
  );
  return 0;
});
