import type { Contender } from './contender.ts';
import type { Machine } from './machine.ts';
import type { Row } from './row.ts';
import type { SystemCalls } from './system-calls.ts';
import { figuresTable, processorTable, systemCallsTable, targetsTable } from './table.ts';
import type { Verdict } from './targets.ts';

/** Everything that a run found. */
export interface Report {
  readonly machine: Machine;
  readonly pairs: number;
  readonly rows: readonly Row[];
  readonly systemCalls: readonly SystemCalls[];
  readonly verdicts: readonly Verdict[];
}

/** The report as Markdown; `bench.svg` and `bench.json` stand beside it. */
export function formatReport(contenders: readonly Contender[], report: Report): string {
  const { machine, rows, systemCalls, verdicts } = report;
  return `# Benchmarks

![Medians of ours, of the Go plugin and of the floor](bench.svg)

Written by \`make bench\`. ${machine.date}, ${machine.kernel}, ${machine.cpu}, ${machine.memory}; \
${machine.versions.join(', ')}; Go: ${machine.reference}. Load average at the start: ${machine.load.toFixed(1)}.

Whole processes as a runtime sees them, from exec to exit, the plugins in turn (A B A B …) in one run. Each has a host \
of its own, with leases on a disk; the bridge is in use by another container unless the row says otherwise. What runs \
on the machine besides comes second where the kernel allows that. \`bench.json\` has every sample.

The floor is what no plugin can be faster than: a C program that makes the same state in the kernel and on the disk by \
bare system calls, and reads no configuration, checks nothing and prints nothing. Nearly all of its DEL is the kernel's.

## Targets

${targetsTable(verdicts, rows)}

Ratios are medians of the ratios of pairs.

## Figures

Median (95th percentile). Fewer is better but for connections.

${figuresTable(contenders, rows)}

Connections: wrk in one container, 8 at a time, each a new one through the masquerade to nginx in a neighbour \
namespace. Peak memory is that of the largest process; any call is one on a host of some 100 containers. A DEL \
without a namespace comes after a crash that took the container's away, its veth with it.

## Processor time

Milliseconds, children included, medians.

${processorTable(contenders, rows)}

## System calls

With masquerading, threads and children included.

${systemCallsTable(contenders, systemCalls)}
`;
}
