import { type Checks, must, settled } from './checks.ts';
import { type Containerd, network, podSubnets } from './containerd.ts';
import type { Machine } from './machine.ts';
import { binDirectory } from './plugins.ts';
import { fromBeyond, leases, machineAddress, makeNeighbour, mustBeClean, pingAll } from './surroundings.ts';

/** A pod whose namespace was removed can be stopped, and its name is free again. */
export async function namespaceGone(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('namespace gone', async () => {
    const pod = await containerd.runPod('lost', 8080);
    await machine.sh(`umount -l ${pod.netns} && rm ${pod.netns}`);
    await containerd.removePod(pod.id);
    const said = await mustBeClean(machine);
    const again = await containerd.runPod('lost', 8080);
    const answer = await fromBeyond(machine, `${machineAddress}:8080`);
    must(answer.startsWith('lost '), answer);
    await containerd.removePod(again.id);
    return `stopped and removed; ${said}; a pod of its name runs again`;
  });
}

/** Stopping one pod twice at once, as kubelet's own loops do, succeeds both times, and its name is free again. */
export async function endedTwice(containerd: Containerd, checks: Checks): Promise<void> {
  await checks.check('a pod ended by two at once, five times', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await containerd.runPod('twice');
      await Promise.all([containerd.crictl(`stopp ${id}`), containerd.crictl(`stopp ${id}`)]);
      await containerd.crictl(`rmp ${id}`);
    }
    return mustBeClean(containerd.machine);
  });
}

/** containerd is killed while pods run, and while more are being started. */
export async function afterCrash(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('kill -9 of containerd under running pods', async () => {
    const before = await Promise.all(['a', 'b', 'c'].map((name) => containerd.runPod(name)));
    await containerd.kill();
    await containerd.start();
    const after = await Promise.all(before.map(({ id }) => containerd.pod(id)));
    const addresses = after.map(({ address }) => address);
    must(addresses.join() === before.map(({ address }) => address).join(), addresses.join());
    const pings = await pingAll(
      machine,
      after.map(({ netns }) => netns),
      addresses,
    );
    await containerd.removeAll();
    return `the pods keep their addresses (${pings} pings answered), and go: ${await mustBeClean(machine)}`;
  });
  await checks.check('kill -9 of containerd while 10 pods start', () => killedAmidAdds(containerd));
}

/** Takes a lock, and returns a function that releases it. */
async function holdLock(machine: Machine, path: string): Promise<() => Promise<string>> {
  const script = `exec 9>>${path} && flock 9 && echo $$ >/run/locker && exec sleep 1000`;
  machine.start(['sh', '-c', script], 'locker');
  await settled(
    () => machine.run(['test', '-s', '/run/locker']),
    ({ status }) => status === 0,
  );
  return () => machine.sh('kill $(cat /run/locker) && rm /run/locker');
}

/** The lock of host-local is held until every ADD waits for it, and containerd is gone. */
async function killedAmidAdds(containerd: Containerd): Promise<string> {
  const { machine } = containerd;
  const names = Array.from({ length: 10 }, (_, index) => `k${index}`);
  const plugins = async () => Number(await machine.sh('pidof bridge | wc -w'));
  const release = await holdLock(machine, '/var/lib/cni/networks/pods/lock');
  const starts = names.map((name) => containerd.runPod(name).catch(() => undefined));
  const begun = await settled(plugins, (count) => count >= names.length);
  await containerd.kill();
  await release();
  await Promise.all(starts);
  await settled(plugins, (count) => count === 0);
  await containerd.start();
  const known = await containerd.removeAll();
  const left = (await leases(machine, 'pods')).length;
  const pods = await Promise.all(names.map((name) => containerd.runPod(name)));
  const addresses = pods.map(({ address }) => address);
  must(new Set(addresses).size === names.length, `addresses: ${addresses.join(' ')}`);
  await pingAll(
    machine,
    pods.map(({ netns }) => netns),
    addresses,
  );
  await containerd.removeAll();
  must((await leases(machine, 'pods')).length === left, 'pods started after it leave leases');
  return `${begun} ADDs were under way; ${known} pods remembered, ${left} leases of forgotten ones; all 10 start again by their names, and go`;
}

/** A GC releases what containerd forgot when it was killed: no pod is left. */
export async function collectGarbage(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('GC of what it forgot', async () => {
    const [bridge] = network('1.1.0', 'pods', podSubnets).plugins;
    const conf = { cniVersion: '1.1.0', name: 'pods', ...bridge, 'cni.dev/valid-attachments': [] };
    const call = (variables: string) =>
      machine.sh(`env ${variables} CNI_PATH=${binDirectory} ${binDirectory}/bridge`, JSON.stringify(conf));
    await machine.sh('ip netns add forgotten');
    await call('CNI_COMMAND=ADD CNI_CONTAINERID=forgotten CNI_IFNAME=eth0 CNI_NETNS=/run/netns/forgotten');
    const forgotten = (await leases(machine, 'pods')).length;
    await call('CNI_COMMAND=GC');
    return `${forgotten} leases were left; ${await mustBeClean(machine)}`;
  });
}

/** Starts a pod three times, with the same name, as kubelet does, and returns the messages. */
async function threeRefusals(containerd: Containerd, name: string): Promise<string[]> {
  const said: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    said.push(await containerd.runPod(name).then(() => 'it runs', String));
  }
  return said;
}

/** The ADD is refused; the DEL that follows it, with the same wrong configuration, is not. */
export async function wrongConfiguration(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('a wrong configuration, put right', async () => {
    await containerd.useNetwork('wrong', ['10.68.0.0/24'], { mtu: 10 });
    const said = await threeRefusals(containerd, 'refused');
    const wrong = said.find((words) => !words.includes('plugin type=\\"bridge\\" failed (add)'));
    must(wrong === undefined, `${wrong}`);
    await containerd.useNetwork('right', ['10.68.0.0/24']);
    const { address } = await containerd.runPod('refused');
    await containerd.removeAll();
    return `three times told so, by one name; then the pod of that name has ${address}; ${await mustBeClean(machine)}`;
  });
}

/** A node without a free address stays Ready, and has room again when a pod goes. */
export async function fullRange(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await containerd.useNetwork('small', ['10.65.0.0/29']);
  await checks.check('a full range: the next pod', async () => {
    await Promise.all(['s1', 's2', 's3', 's4', 's5'].map((name) => containerd.runPod(name)));
    // The failed one must not keep the name.
    const said = await threeRefusals(containerd, 'late');
    const wrong = said.find((words) => !/no IP address(es)? available/.test(words));
    must(wrong === undefined, `${wrong}`);
    const held = (await leases(machine, 'small')).length;
    must(held === 5, `${held} leases for 5 pods`);
    return 'three times told that there are no IP addresses available, by one name; 5 leases for 5 pods';
  });
  await checks.check('a full range: the node', async () => {
    const { ready, why } = await containerd.networkReady();
    must(ready, `NetworkReady is false: ${why}`);
    return 'NetworkReady is true';
  });
  await checks.check('a full range: a pod goes', async () => {
    const [first = ''] = await containerd.pods('ready');
    const { address } = await containerd.pod(first);
    await containerd.removePod(first);
    const late = await containerd.runPod('late');
    must(late.address === address, `${address} was freed, and ${late.address} given`);
    await pingAll(machine, [late.netns], ['10.65.0.1']);
    return `the next one starts at once, with its address, ${address}`;
  });
}

/** The power fails while the range is full; the leases are still there at the next boot. */
export async function afterReboot(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('reboot', async () => {
    const held = (await leases(machine, 'small')).length;
    await machine.reboot();
    await makeNeighbour(machine);
    await containerd.start();
    const names = ['s1', 's2', 's3', 's4', 's5'];
    const pods = await Promise.all(names.map((name, index) => containerd.runPod(name, 8080 + index, 1)));
    const pings = await pingAll(
      machine,
      pods.map(({ netns }) => netns),
      pods.map(({ address }) => address),
    );
    const answer = await fromBeyond(machine, `${machineAddress}:8080`);
    must(answer.startsWith('s1 '), answer);
    return `${held} leases of the last boot fill the range, and 5 pods start (${pings} pings, hostPort ${answer})`;
  });
  await checks.check('reboot: the pods of before are removed', async () => {
    await Promise.all((await containerd.pods('notready')).map((id) => containerd.removePod(id)));
    const pods = await containerd.pods('ready');
    const all = await Promise.all(pods.map((id) => containerd.pod(id)));
    const held = (await leases(machine, 'small')).map((path) => path.replace('small/', ''));
    must(held.length === 5, `${held.length} leases for 5 pods`);
    must(
      all.every(({ address }) => held.includes(address)),
      `leases: ${held.join(' ')}`,
    );
    const pings = await pingAll(
      machine,
      all.map(({ netns }) => netns),
      all.map(({ address }) => address),
    );
    return `the 5 new ones keep their leases and answer (${pings} pings)`;
  });
}

/** What pods, including those that a crashed containerd forgot, leave in the end. */
export async function cleanAfterAll(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('in the end', async () => {
    await containerd.removeAll();
    return mustBeClean(machine);
  });
}
