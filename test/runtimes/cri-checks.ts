import { type Checks, must } from './checks.ts';
import { Containerd, podSubnets, type Release } from './containerd.ts';
import {
  afterCrash,
  afterReboot,
  cleanAfterAll,
  collectGarbage,
  endedTwice,
  fullRange,
  namespaceGone,
  wrongConfiguration,
} from './cri-failures.ts';
import { ctrChecks } from './ctr-checks.ts';
import type { Machine } from './machine.ts';
import {
  fromBeyond,
  fromMachine,
  machineAddress,
  makeNeighbour,
  mustBeClean,
  neighbour,
  pingAll,
  plain,
} from './surroundings.ts';

/** How many pods start at once. */
const crowd = 30;

/** containerd with the plugins, through ctr and through CRI. */
export async function containerdChecks(machine: Machine, checks: Checks, release: Release): Promise<void> {
  const containerd = new Containerd(machine, release);
  await makeNeighbour(machine);
  await containerd.start();
  await machine.sh(`ctr -n k8s.io images import --snapshotter native ${machine.disk}/box.tar`);
  if (release.cniVersion === '1.0.0') {
    await containerd.useNetwork('hand', ['10.66.0.0/24']);
    await ctrChecks(containerd, checks);
  }
  await containerd.useNetwork('pods', podSubnets);
  await onePod(containerd, checks);
  await manyPods(containerd, checks);
  await namespaceGone(containerd, checks);
  await endedTwice(containerd, checks);
  await afterCrash(containerd, checks);
  await collectGarbage(containerd, checks);
  await wrongConfiguration(containerd, checks);
  await fullRange(containerd, checks);
  await afterReboot(containerd, checks);
  await cleanAfterAll(containerd, checks);
}

async function onePod(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  await checks.check('a pod, and a container in it', async () => {
    const pod = await containerd.runPod('client');
    const container = await containerd.runContainer(pod, 'client');
    const ask = async (address: string) =>
      plain(await containerd.crictl(`exec ${container} ask ${address} 80`));
    const [v4, v6, own] = [await ask(neighbour.v4), await ask(neighbour.v6), await ask('127.0.0.1')];
    must(v4.endsWith(` ${machineAddress}`) && v6.endsWith(' 2001:db8::1'), `the neighbour sees ${v4}, ${v6}`);
    must(own.startsWith('client '), `its own server answers ${own}`);
    return `${pod.address}; the neighbour sees ${machineAddress} and 2001:db8::1; its localhost answers`;
  });
  await checks.check('hostPort', async () => {
    const pod = await containerd.runPod('web', 8080);
    const client = await containerd.runPod('another');
    const within = (netns: string) =>
      machine.sh(`nsenter --net=${netns} curl -sS --max-time 30 http://${machineAddress}:8080/cgi-bin/who`);
    const answers = [
      await fromBeyond(machine, `${machineAddress}:8080`),
      await fromMachine(machine, `${machineAddress}:8080`),
      await fromMachine(machine, '127.0.0.1:8080'),
      await within(client.netns),
      await within(pod.netns),
    ];
    must(
      answers.every((answer) => answer.startsWith('web ')),
      answers.join(', '),
    );
    return `answers the neighbour (${answers[0]}), the machine, its localhost, another pod and itself`;
  });
  await checks.check('pods removed', async () => {
    return removeAll(containerd, 3);
  });
}

async function manyPods(containerd: Containerd, checks: Checks): Promise<void> {
  const { machine } = containerd;
  const names = Array.from({ length: crowd }, (_, index) => `p${index}`);
  await checks.check(`${crowd} pods at once`, async () => {
    const pods = await Promise.all(names.map((name, index) => containerd.runPod(name, 9000 + index)));
    const addresses = pods.map(({ address }) => address);
    must(new Set(addresses).size === crowd, `addresses: ${addresses.sort().join(' ')}`);
    const pings = await pingAll(
      machine,
      pods.map(({ netns }) => netns),
      addresses,
    );
    for (const [index, name] of names.entries()) {
      const answer = await fromBeyond(machine, `${machineAddress}:${9000 + index}`);
      must(answer.startsWith(`${name} `), `port ${9000 + index} of ${name} is answered by ${answer}`);
    }
    return `${crowd} addresses; ${pings} pings among them answered; each hostPort leads to its pod`;
  });
  await checks.check(`${crowd} pods removed at once`, async () => {
    return removeAll(containerd, crowd);
  });
}

async function removeAll(containerd: Containerd, count: number): Promise<string> {
  const removed = await containerd.removeAll();
  must(removed === count, `there were ${removed} pods, not ${count}`);
  return mustBeClean(containerd.machine);
}
