import { type Checks, must } from './checks.ts';
import type { Podman } from './podman.ts';
import { fromBeyond, leases, machineAddress, makeNeighbour } from './surroundings.ts';

/** The power fails while containers run; their leases are still on the disk when the machine boots. */
export async function podmanBootsAnew(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  const before = await leases(machine, 'one');
  const [a, b] = [await podman.address('a').catch(() => ''), await podman.address('b').catch(() => '')];
  await machine.reboot();
  await makeNeighbour(machine);
  await checks.check('reboot: start of a container that ran', async () => {
    await podman.do('start web');
    const answer = await fromBeyond(machine, `${machineAddress}:8080`);
    must(answer.startsWith('web '), answer);
    return `${await podman.address('web')}, its port answers, with ${before.length} leases of the last boot on the disk`;
  });
  await checks.check('reboot: start of a container with --ip', async () => {
    await podman.do('start fixed');
    const addresses = (await podman.addresses('fixed')).join(' ');
    must(addresses === '10.61.0.77/24', `it has ${addresses}`);
    return addresses;
  });
  await checks.check("reboot: --ip with a dead container's address", async () => {
    const saw = await podman.once(`--network one --ip ${b}`, 'ip -o -4 addr show eth0');
    must(saw.includes(` ${b}/24 `), saw);
    return `${b} is given to another`;
  });
  await checks.check('reboot: the others start', async () => {
    await podman.do('start a b six seven both');
    const all = [];
    for (const name of ['a', 'b', 'web', 'fixed', 'both']) all.push(await podman.address(name));
    must(new Set(all).size === all.length, `addresses: ${all.join(' ')}`);
    for (const address of all) await podman.asked('a', address);
    return `${all.join(' ')} all answer (a had ${a})`;
  });
  await checks.check('reboot: start after rm of one that ran', async () => {
    await podman.do('rm -f -t 0 web');
    await podman.serve('web', '--network one --ip 10.61.0.120 -p 8080:80');
    return fromBeyond(machine, `${machineAddress}:8080`);
  });
}
