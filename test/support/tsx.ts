/** The words before a TypeScript file and its arguments that run it in a process of its own, from this directory. */
export const tsx: readonly [string, ...string[]] = [process.execPath, '--import', 'tsx'];
