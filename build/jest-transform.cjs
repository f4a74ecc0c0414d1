// Jest's transform: one TypeScript file to CommonJS by esbuild, types dropped (tsc checks them in `make check`).
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { transformSync } = require('esbuild');

/** @type {import('@jest/transform').SyncTransformer} */
module.exports = {
  // Jest's own key knows nothing of this file.
  getCacheKey(source, filename, { configString }) {
    const hash = createHash('sha256');
    for (const part of [readFileSync(__filename), source, filename, configString])
      hash.update(part).update('\0');
    return hash.digest('hex').slice(0, 32);
  },
  process(source, filename) {
    const { code, map } = transformSync(source, {
      sourcefile: filename,
      loader: 'ts',
      format: 'cjs',
      target: 'node20',
      // Set by a build alone (build/definitions.ts).
      define: { BUILD_COMMIT: '""' },
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
      sourcemap: 'both',
    });
    return { code, map };
  },
};
