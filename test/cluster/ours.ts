import { executables } from '../support/cni.ts';

const [[, path] = ['', '']] = executables;

/** The executable under test, which is also `cni-bridge`, whichever plugins the runtime has. */
export const ours = path;
