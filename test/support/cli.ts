import { dirname } from 'node:path';
import { call } from './cni.ts';
import type { Host, Outcome } from './host.ts';

/** Runs cni-bridge, the link beside an executable, as a person does. */
export function runCli(
  host: Host,
  executable: string,
  words: readonly string[],
  under: readonly string[] = [],
): Outcome {
  return host.run([...under, `${dirname(executable)}/cni-bridge`, ...words]);
}

/** An unprivileged user, who may look at what everybody may. */
export const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** A network with host-local on a bridge of its own. */
export function network(name: string, subnet: string, more: object = {}): object {
  const ipam = { type: 'host-local', subnet, routes: [{ dst: '0.0.0.0/0' }] };
  return {
    cniVersion: '1.0.0',
    name,
    type: 'bridge',
    bridge: name,
    isGateway: true,
    ipMasq: true,
    ipam,
    ...more,
  };
}

/** Writes configurations to /run/conf, each to a file of its network's name. */
export function configure(host: Host, ...networks: readonly object[]): void {
  host.sh('mkdir -p /run/conf');
  for (const one of networks) {
    const { name } = Object.assign({ name: '' }, one);
    host.run(['sh', '-c', `cat >/run/conf/${name}.conf`], { input: JSON.stringify(one) });
  }
}

/** Options that keep to the test's own host. */
export const places = ['--conf-dir', '/run/conf'];

/** An ADD, with a pod's name where there is one. */
export function attach(
  host: Host,
  executable: string,
  conf: object,
  { containerID, netns, pod }: { containerID: string; netns: string; pod?: string },
): void {
  const [namespace = '', name = ''] = (pod ?? '').split('/');
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name}`;
  const env = pod === undefined ? {} : { CNI_ARGS: args };
  const { status, stdout } = call(host, executable, 'ADD', {
    conf,
    containerID,
    netns: `/run/netns/${netns}`,
    env,
  });
  if (status !== 0) throw new Error(`ADD: ${stdout}`);
}
