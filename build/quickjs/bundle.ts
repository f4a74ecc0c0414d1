// usage: bundle.ts ENTRY.ts OUTPUT.js: a program and all that it imports as one script for QuickJS.
import { buildSync } from 'esbuild';
import { definitions } from '../definitions.ts';

const [entry, outfile] = process.argv.slice(2);
if (entry === undefined || outfile === undefined) throw new Error('usage: bundle.ts ENTRY.ts OUTPUT.js');

buildSync({
  entryPoints: [entry],
  outfile,
  bundle: true,
  // Constants and short functions are put where they are used.
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
});
