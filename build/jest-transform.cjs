// Jest's transform: one TypeScript file to CommonJS by esbuild, types dropped (tsc checks them in `make check`).
const { transformSync } = require('esbuild');

/** @type {import('@jest/transform').SyncTransformer} */
module.exports = {
  process(source, filename) {
    const { code, map } = transformSync(source, {
      sourcefile: filename,
      loader: 'ts',
      format: 'cjs',
      target: 'node20',
      // Set by a build alone (build/definitions.ts).
      define: { BUILD_COMMIT: '""' },
      sourcemap: 'both',
    });
    return { code, map };
  },
};
