// usage: bundle.ts ENTRY.ts OUTPUT.js [PART.ts OUTPUT.js]: bundles a program with everything it imports into one script
// for QuickJS. A part, which netlink/libc/quickjs/part.ts reads when it is asked for, is a second script: what both need
// is in the program, which shares it with the part. OUTPUT.js.packages lists the npm packages in them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';
import { definitions } from '../definitions.ts';

const common = {
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
  define: definitions,
  charset: 'utf8',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;

/** Lists the npm packages that the modules of a program come from, once each. */
function writePackages({ outputs }: Metafile, file: string): void {
  const packages = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined);
  const lines = [...new Set(packages)].sort().map((name) => `${name}\n`);
  writeFileSync(file, lines.join(''));
}

/** The names that the modules of both scripts are shared by. */
function sharedNames({ outputs }: Metafile): readonly string[] {
  const shared = Object.entries(outputs).find(([path]) => basename(path) === 'shared.js');
  if (shared === undefined) throw new Error('the program and its part share nothing');
  return shared[1].exports;
}

/** Bundles a program and its part: modules of each alone, and those that both import. */
function bundleBoth(entry: string, outfile: string, part: string, partOutfile: string): Metafile {
  const outdir = `${outfile}.modules`;
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir);
  const { metafile } = buildSync({
    ...common,
    entryPoints: { program: entry, part },
    outdir,
    splitting: true,
    chunkNames: 'shared',
    format: 'esm',
  });
  const names = sharedNames(metafile).join(', ');
  buildSync({
    ...common,
    stdin: {
      contents: `import { ${names} } from './shared.js'; import './program.js'; native.shared = { ${names} };`,
      resolveDir: outdir,
    },
    outfile,
    format: 'iife',
  });
  buildSync({
    ...common,
    entryPoints: [`${outdir}/part.js`],
    outfile: partOutfile,
    external: ['./shared.js'],
    format: 'cjs',
    banner: { js: '((shared) => { const module = {}, require = () => shared;' },
    footer: { js: 'return module.exports; })' },
  });
  return metafile;
}

const [entry, outfile, part, partOutfile] = process.argv.slice(2);
if (entry === undefined || outfile === undefined) {
  throw new Error('usage: bundle.ts ENTRY.ts OUTPUT.js [PART.ts OUTPUT.js]');
}
const metafile =
  part === undefined || partOutfile === undefined
    ? buildSync({ ...common, entryPoints: [entry], outfile, format: 'iife' }).metafile
    : bundleBoth(entry, outfile, part, partOutfile);
writePackages(metafile, `${outfile}.packages`);
