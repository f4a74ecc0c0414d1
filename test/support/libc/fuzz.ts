import { randomNumbers } from '../random.ts';
import type { Calls } from './calls.ts';
import { print } from './print.ts';
import { described, type Kind, noPaths, signatures, wrong } from './signatures.ts';
import { views } from './views.ts';

/** How often a parameter is of a wrong type. */
const wrongShare = 0.1;
/** fcntl.h, asm-generic/socket.h: nothing here may block for ever. */
const O_NONBLOCK = 0o4000;
const LOCK_NB = 4;

/** Descriptors that may exist, except the two that are written to; numbers that mean something somewhere. */
const ints = [
  -1,
  -100,
  0,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  12345,
  13,
  16,
  17,
  25,
  256,
  4096,
  2 ** 31 - 1,
  -(2 ** 31),
];
const integers = [
  0,
  1,
  2,
  0o100,
  0o101,
  0o102,
  0o1102,
  0o644,
  0o200000,
  4096,
  -1,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53,
];
const texts = ['', 'text', 'ÿ€\u{1f600}', '\ud800', '\0', 'x'.repeat(70_000)];
const lists = [[], ['cat'], ['sh', '-c', 'exit 3'], ['A=b', 'PATH=/bin'], ['']];

/** Calls anything with anything, determined by a seed; reports writes outside a view. */
export function fuzz(calls: Calls, directory: string, seed: number, cases: number): string[] {
  const random = randomNumbers(seed);
  const any = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const paths = [...['a', 'b', 'a/b', 'hundred', '.', ''].map((name) => `${directory}/${name}`), ...noPaths];
  const damaged: string[] = [];

  /** A value of a kind, and whether the bytes beside it have changed. */
  function argument(kind: Kind): [unknown, (() => boolean)?] {
    if (random() < wrongShare) return [any(wrong(kind))];
    if (kind === 'bytes') {
      const { view, isDamaged } = any(views());
      return [view, isDamaged];
    }
    if (kind === 'words') return [new Uint32Array(any([0, 1, 2, 128]))];
    if (kind === 'int') return [any(ints)];
    if (kind === 'integer') return [any(integers)];
    if (kind === 'path') return [any(paths)];
    return [any<unknown>(kind === 'list' ? lists : texts)];
  }

  /** Keeps a call from blocking: on a lock, a message, or a program that doesn't exit. */
  function hasty(name: string, args: readonly unknown[]): unknown[] {
    const or = (at: number, bits: number) =>
      args.map((arg, i) => (i === at && typeof arg === 'number' ? arg | bits : arg));
    if (name === 'open') return or(1, O_NONBLOCK);
    if (name === 'socket') return or(1, O_NONBLOCK);
    if (name === 'flock') return or(1, LOCK_NB);
    if (name === 'readable') return args.with(1, any([0, 1]));
    if (name === 'run')
      return [any(['/bin/cat', '/bin/sh', '/nowhere']), ...args.slice(1, 5), any([0, 1, 50]), args[6]];
    return [...args];
  }

  for (let number = 0; number < cases; number++) {
    const name = any(Object.keys(signatures));
    const made = (signatures[name] ?? []).map(argument);
    const args = hasty(
      name,
      made.map(([value]) => value),
    );
    const call = `${number} ${name}(${args.map(described).join(', ')})`;
    print(`${call}\n`, 2);
    calls.outcome(name, args);
    if (made.some(([, isDamaged]) => isDamaged?.() === true)) damaged.push(`${call} writes beside its bytes`);
  }
  return [...damaged, `${cases} calls`];
}
