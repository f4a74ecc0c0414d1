// Blanks the names of environment variables in an executable's runtime, so that it ignores them: the first byte of each
// becomes NUL, which no variable's name can contain. The counts belong to the runtime's version; a different count
// means a different runtime, which somebody has to examine first.
// usage: close-environment.ts EXECUTABLE NAME=COUNT...

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const [file, ...names] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: close-environment.ts EXECUTABLE NAME=COUNT...');

/** The offsets of a name in the executable. */
function placesOf(name: string, bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) places.push(at);
  return places;
}

const bytes = readFileSync(file);
const places = names.flatMap((one) => {
  const [name = '', count] = one.split('=');
  const found = placesOf(name, bytes);
  if (name === '' || found.length !== Number(count)) {
    throw new Error(`${file} has ${name} ${found.length} times, not ${count}: is it another runtime?`);
  }
  return found;
});
const fd = openSync(file, 'r+');
for (const at of places) writeSync(fd, Uint8Array.of(0), 0, 1, at);
closeSync(fd);
