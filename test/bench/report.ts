import type { Contender } from './contender.ts';
import type { Machine } from './machine.ts';
import type { Course } from './phases.ts';
import type { Row } from './row.ts';
import { figuresTable, phasesTable, processorTable, systemCallsTable, targetsTable } from './table.ts';
import type { Verdict } from './targets.ts';

/** All that a run found. */
export interface Report {
  readonly machine: Machine;
  readonly pairs: number;
  readonly rows: readonly Row[];
  readonly courses: readonly Course[];
  readonly verdicts: readonly Verdict[];
}

/** The report as Markdown; `bench.svg` and `bench.json` stand beside it. */
export function formatReport(contenders: readonly Contender[], report: Report): string {
  const { machine, rows, courses, verdicts } = report;
  return `# Benchmarks

![Medians of ours and of the Go plugin](bench.svg)

Written by \`make bench\`. ${machine.date}, ${machine.kernel}, ${machine.cpu}, ${machine.memory}; \
${machine.versions.join(', ')}; Go: ${machine.reference}. Load average at the start: ${machine.load.toFixed(1)}.

Whole processes as a runtime sees them, from exec to exit, the plugins in turn (A B A B …) in one run. Each has a host \
of its own, with leases on a disk; the bridge is in use by another container unless the row says otherwise. What runs \
on the machine besides comes second where the kernel allows that. \`bench.json\` has every sample.

## Targets

${targetsTable(verdicts)}

Ratios are medians of the ratios of pairs.

## Figures

Median (95th percentile). Fewer is better but for connections.

${figuresTable(contenders, rows)}

Connections: wrk in one container, 8 at a time, each a new one through the masquerade to nginx in a neighbour \
namespace. Peak memory is that of the largest process.

## Processor time

Milliseconds, children included, medians.

${processorTable(contenders, rows)}

## Where the time of dist/bridge goes

Followed by strace, masquerade, medians; each landmark costs some 40 µs more than it would. A DEL waits for the kernel \
in links and nft.

${phasesTable(courses)}

System calls, threads and children included:

${systemCallsTable(contenders, courses)}
`;
}
