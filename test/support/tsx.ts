/** The command that runs a TypeScript file, with its arguments, in a process of its own, from this directory. */
export const tsx: readonly [string, ...string[]] = [process.execPath, '--import', 'tsx'];
