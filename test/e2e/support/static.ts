import { closeSync, openSync, readSync } from 'node:fs';
import { executables } from '../../support/cni.ts';

/** PT_INTERP (elf.h): the program header that names a dynamic linker. */
const PT_INTERP = 3;

/** Whether a 64-bit ELF file of little-endian order is started as it is, by no dynamic linker. */
function isStatic(path: string): boolean {
  const fd = openSync(path, 'r');
  const read = (length: number, position: number): Buffer => {
    const bytes = Buffer.alloc(length);
    readSync(fd, bytes, 0, length, position);
    return bytes;
  };
  // struct Elf64_Ehdr: e_phoff, e_phentsize, e_phnum
  const head = read(64, 0);
  const size = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  const table = read(size * count, Number(head.readBigUInt64LE(32)));
  closeSync(fd);
  const types = Array.from({ length: count }, (_, index) => table.readUInt32LE(index * size));
  return !types.includes(PT_INTERP);
}

const found = executables.filter(([, path]) => isStatic(path));

/** Describes what is true of executables that need no other file to run; skipped where none of them is under test. */
export const describeStatic: (title: string, tests: (name: string, bridge: string) => void) => void =
  found.length > 0 ? describe.each(found) : describe.skip.each(executables);
