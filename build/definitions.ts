import { execFileSync } from 'node:child_process';

/** What esbuild puts into the program in place of names (plugin/about.ts). */
export const definitions = {
  BUILD_COMMIT: JSON.stringify(execFileSync('build/commit', { encoding: 'utf8' }).trim()),
};
