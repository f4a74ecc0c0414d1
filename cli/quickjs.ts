import { part } from '../netlink/libc/quickjs/part.ts';

/** {@link import('./main.ts').cli}, of the executable's second script: what a runtime calls has none of it to load. */
export const cli: typeof import('./main.ts').cli = (words) => part<typeof import('./main.ts')>().cli(words);
