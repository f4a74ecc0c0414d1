import { faultsFor } from '../faults/trace.ts';
import { Bench } from '../faults/trial.ts';
import { executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('an ADD of %s that never learns what the kernel did', (_name, executable) => {
  const host = useHost();

  test('takes back what it asked for', () => {
    const bench = new Bench(host, executable);
    // `make faults` tries each of them.
    const faults = faultsFor(bench.count('ADD', 'empty')).filter(
      ({ call, what, when }) => call === 'recvfrom' && what === 'ENOBUFS' && when % 3 === 0,
    );
    expect(faults.length).toBeGreaterThan(8);
    const residue = faults
      .map((fault) => bench.run({ ...fault, executable, command: 'ADD', stage: 'empty' }))
      .filter(({ outcome }) => outcome === 'residue');
    expect(residue).toEqual([]);
  }, 300_000);
});
