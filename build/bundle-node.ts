import { readFileSync } from 'node:fs';
import { build, type Plugin } from 'esbuild';
import { definitions } from './definitions.ts';

/**
 * Puts each native addon into the bundle as bytes. Both addons ask `node-gyp-build` for their binary. A single
 * executable has no directory to look in, so the binary comes from the bytes, through a nameless file (build/addon.ts).
 */
const embedAddons: Plugin = {
  name: 'embed-addons',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node-gyp-build$/ }, ({ importer }) => ({
      path: importer.includes('/ref-napi/')
        ? 'ref-napi/build/Release/binding.node'
        : 'ffi-napi/build/Release/ffi_bindings.node',
      namespace: 'addon',
    }));
    onLoad({ filter: /.*/, namespace: 'addon' }, ({ path }) => ({
      contents: `
        const { loadAddon } = require('./build/addon.ts');
        const bytes = Buffer.from('${readFileSync(`node_modules/${path}`).toString('base64')}', 'base64');
        module.exports = () => loadAddon(bytes);`,
      resolveDir: process.cwd(),
    }));
  },
};

const [outfile] = process.argv.slice(2);
if (outfile === undefined) throw new Error('usage: bundle-node.ts OUTFILE');

build({
  entryPoints: ['cli/executable.ts'],
  outfile,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  define: definitions,
  plugins: [embedAddons],
  logLevel: 'warning',
}).catch(() => {
  // esbuild has printed why.
  process.exitCode = 1;
});
