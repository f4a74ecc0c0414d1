import { native } from './native.ts';

/**
 * Loads the executable's second script, which is bytecode until then (build/quickjs/bundle.ts).
 * @returns what its module exports
 */
export const part = <Exports>(): Exports => native.part()(native.shared) as Exports;
