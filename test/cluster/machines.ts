import { Machine } from '../runtimes/machine.ts';

const running = new Set<Machine>();

/** Starts a machine of this name, to be stopped by {@link stopMachines}. */
export async function startMachine(name: string): Promise<Machine> {
  const machine = await Machine.start(name);
  running.add(machine);
  return machine;
}

/** Ends all machines and removes their disks. */
export async function stopMachines(): Promise<void> {
  const machines = [...running];
  running.clear();
  await Promise.all(machines.map((machine) => machine.stop()));
}

/** Stops the machines before this process is ended by a signal. */
export function stopMachinesOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.log(`ended by ${signal}`);
      stopMachines().finally(() => process.exit(1));
    });
  }
}
