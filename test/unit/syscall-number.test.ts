import { readFileSync } from 'node:fs';
import { arm64, x64 } from '../../netlink/libc/syscall-number.ts';

/** The numbers that a header of the kernel's gives, by name; a few have a name of their own where 64 bits are meant. */
function numbersIn(header: string): Map<string, number> {
  const lines = readFileSync(header, 'latin1').matchAll(/^#define __NR(?:3264)?_(\w+) (\d+)$/gm);
  return new Map([...lines].map(([, name = '', number]) => [name, Number(number)]));
}

// Where they are missing, the test fails with their name: they come with linux-libc-dev.
test.each([
  ['x64', x64, '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'],
  ['arm64', arm64, '/usr/include/asm-generic/unistd.h'],
])('the numbers of system calls on %s are the kernel headers', (_name, table, header) => {
  const numbers = numbersIn(header);
  const expected = Object.keys(table).map((name) => [name, numbers.get(name)]);
  expect(Object.entries(table)).toEqual(expected);
});
