import { type Checks, must } from './checks.ts';
import type { Containerd } from './containerd.ts';
import { image } from './image.ts';
import { leases, machineAddress, mustBeClean, neighbour, plain } from './surroundings.ts';

/** How many containers ctr runs at once. */
const crowd = 10;

/** containerd by hand: ctr attaches a container before it starts and detaches it without a namespace. */
export async function ctrChecks(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  const run = (name: string, command: string) =>
    machine.sh(
      `ctr run --rm --cni --snapshotter native --cgroup /${machine.id}/${name} ${image} ${name} sh -c '${command}'`,
    );
  await machine.sh(`ctr images import --snapshotter native ${machine.disk}/box.tar`);
  await checks.check('ctr run --cni', async () => {
    const saw = await run(
      'one',
      `ip -o -4 addr show eth0; ping -qc1 -W10 10.66.0.1 >/dev/null && ask ${neighbour.v4} 80`,
    );
    const address = /inet (10\.66\.0\.\d+\/24) /.exec(saw)?.[1];
    must(address !== undefined, `no address: ${saw}`);
    const answer = plain(saw.split('\n').pop() ?? '');
    must(answer.endsWith(` ${machineAddress}`), `the neighbour sees ${answer}`);
    return `${address}, its gateway answers, the neighbour sees ${machineAddress}`;
  });
  await checks.check(`ctr run --cni, ${crowd} at once`, async () => {
    const names = Array.from({ length: crowd }, (_, index) => `c${index}`);
    const saw = await Promise.all(names.map((name) => run(name, 'ip -o -4 addr show eth0')));
    const addresses = saw.map((text) => /inet ([0-9.]+)/.exec(text)?.[1]);
    must(!addresses.includes(undefined), `no address: ${saw.join()}`);
    // A container that has exited may have released its address already.
    return `${addresses.length} addresses, ${(await leases(machine)).length} leases when all have ended`;
  });
  await checks.check('what ctr leaves', () => mustBeClean(machine));
}
