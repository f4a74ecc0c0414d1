import { type Checks, must } from './checks.ts';
import type { Machine } from './machine.ts';
import { binDirectory } from './plugins.ts';

/** The configuration that containerd gives the plugin for each pod. */
const configuration = { cniVersion: '0.3.1', name: 'cni-loopback', type: 'loopback' };
const previous = { cniVersion: '0.3.1', interfaces: [{ name: 'eth0' }], ips: [], dns: {} };

/** How containerd calls the plugin named `loopback`. */
export async function loopbackChecks(machine: Machine, checks: Checks): Promise<void> {
  const call = (command: string, conf: object) =>
    machine.sh(
      `env -i CNI_COMMAND=${command} CNI_CONTAINERID=p CNI_NETNS=/run/netns/p CNI_IFNAME=lo \\
        CNI_PATH=${binDirectory} ${binDirectory}/loopback`,
      JSON.stringify(conf),
    );
  await machine.sh('ip netns add p');
  await checks.check('ADD', async () => {
    const result: { ips?: { address: string }[] } = JSON.parse(await call('ADD', configuration));
    const lo = await machine.sh('ip -n p -o addr show up dev lo');
    must(lo.includes('127.0.0.1/8') && lo.includes('::1/128'), `lo has ${lo}`);
    return `lo is up; the result has ${result.ips?.map(({ address }) => address).join(' and ')}`;
  });
  await checks.check('ADD after another plugin', async () => {
    const result: { interfaces?: { name: string }[] } = JSON.parse(
      await call('ADD', { ...configuration, prevResult: previous }),
    );
    const names = result.interfaces?.map(({ name }) => name).join(' ');
    must(names === 'eth0', `the result has the interfaces ${names}`);
    return 'the result of that plugin is passed on';
  });
  await checks.check('DEL, twice', async () => {
    await call('DEL', configuration);
    await call('DEL', configuration);
    return 'done';
  });
}
