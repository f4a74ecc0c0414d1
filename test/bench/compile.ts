import { run } from './contender.ts';

/**
 * Compiles a C program of the benchmark: static and with musl, as dist/bridge is, so that it starts in 0.15 ms. glibc
 * queries the processor's features, each of which a virtual machine has to emulate, and takes 0.5 ms more.
 * @returns the executable
 */
export function compile(name: 'spawn' | 'floor', executable: string): string {
  const architecture = run(['dpkg', '--print-architecture']).trim();
  const musl = `-specs=dist/quickjs/musl/${architecture}/gcc.specs`;
  const options = [musl, '-static', '-no-pie', '-O2', '-Wall', '-Wextra'];
  run(['gcc', ...options, '-o', executable, `test/bench/${name}.c`]);
  return executable;
}
