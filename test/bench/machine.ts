import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { run } from './contender.ts';

/** What the figures depend on, for comparing them with others. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly memory: string;
  readonly kernel: string;
  readonly reference: string;
  readonly versions: readonly string[];
  /** Load averages before the run: whatever else ran here. */
  readonly load: number;
}

/** Looks at the machine. @param reference the directory of the Go plugins */
export function machine(reference: string): Machine {
  const node: string = JSON.parse(readFileSync('node_modules/node/package.json', 'utf8')).version;
  const all = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `Linux ${release()}`,
    reference: version(reference),
    versions: [...engine(), `Node ${node}`, run(['iptables', '-V']).trim(), run(['nft', '-v']).trim()],
    load: loadavg()[0] ?? 0,
  };
}

/** The engine of dist/bridge, if known. */
function engine(): string[] {
  const path = 'dist/quickjs/source/version';
  return existsSync(path) ? [`QuickJS-ng ${readFileSync(path, 'utf8').trim()}`] : [];
}

function version(directory: string): string {
  try {
    return readFileSync(`${directory}/version`, 'utf8').trim();
  } catch {
    return directory;
  }
}
