import { appendFileSync, copyFileSync } from 'node:fs';
import { type Checks, must, settled } from './checks.ts';
import { Containerd, podSubnets, type Release } from './containerd.ts';
import type { Machine } from './machine.ts';
import { addressesIn } from './surroundings.ts';

/** containerd writes the network from our template, with the subnets that the kubelet tells it. */
export async function confTemplateChecks(machine: Machine, checks: Checks, release: Release): Promise<void> {
  const containerd = new Containerd(machine, release);
  copyFileSync('deploy/containerd/pods.template', `${machine.disk}/opt/pods.template`);
  appendFileSync(
    `${machine.disk}/opt/containerd.toml`,
    '[plugins."io.containerd.grpc.v1.cri".cni]\n  conf_template = "/opt/pods.template"\n',
  );
  await containerd.start();
  await machine.sh(`ctr -n k8s.io images import --snapshotter native ${machine.disk}/box.tar`);
  await checks.check('not ready before the kubelet told the subnets', async () => {
    const { ready } = await containerd.networkReady();
    must(!ready, 'containerd has a network');
    return 'no network';
  });
  await checks.check('a pod in both of the subnets that the kubelet told', async () => {
    await containerd.crictl(`update-runtime-config --pod-cidr ${podSubnets.join(',')}`);
    const state = await settled(
      () => containerd.networkReady(),
      ({ ready }) => ready,
    );
    must(state.ready, `the network is not ready: ${state.why}`);
    const pod = await containerd.runPod('templated');
    const addresses = await addressesIn(machine, pod.netns);
    must(
      addresses[0]?.startsWith('10.64.0.') === true && addresses[1]?.startsWith('fd00:64::') === true,
      `the pod has ${addresses.join(', ')}`,
    );
    await containerd.removePod(pod.id);
    return addresses.join(' and ');
  });
}
