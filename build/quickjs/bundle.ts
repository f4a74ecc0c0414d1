// usage: bundle.ts ENTRY.ts OUTPUT.js: a program and all that it imports as one script for QuickJS. The npm packages that
// went into it are listed in OUTPUT.js.packages.
import { writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { definitions } from '../definitions.ts';

const [entry, outfile] = process.argv.slice(2);
if (entry === undefined || outfile === undefined) throw new Error('usage: bundle.ts ENTRY.ts OUTPUT.js');

const { metafile } = buildSync({
  entryPoints: [entry],
  outfile,
  bundle: true,
  // Constants and short functions are inlined.
  minifySyntax: true,
  // Each name is a string in the heap, and so in the executable.
  minifyIdentifiers: true,
  treeShaking: true,
  conditions: ['quickjs'],
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  format: 'iife',
  define: definitions,
  charset: 'utf8',
  logLevel: 'warning',
  metafile: true,
});

const packages = Object.values(metafile.outputs)
  .flatMap(({ inputs }) => Object.entries(inputs))
  .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  .map(([path]) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
  .filter((name) => name !== undefined);
writeFileSync(
  `${outfile}.packages`,
  [...new Set(packages)]
    .sort()
    .map((name) => `${name}\n`)
    .join(''),
);
