import { execFileSync } from 'node:child_process';

/** What esbuild substitutes in the program (plugin/about.ts). */
export const definitions = {
  BUILD_COMMIT: JSON.stringify(execFileSync('build/commit', { encoding: 'utf8' }).trim()),
};
