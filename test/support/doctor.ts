import { dirname } from 'node:path';
import type { Host, Outcome } from './host.ts';

/** A finding of `cni-bridge doctor --json`. */
export interface Finding {
  readonly what: string;
  readonly where: string[];
  readonly why: string;
  readonly mend: string;
  readonly isFixable: boolean;
}

/** What `cni-bridge doctor --json` prints. */
export interface Report {
  readonly done?: string[];
  readonly wouldDo?: string[];
  readonly findings: Finding[];
  readonly missing: { readonly what: string; readonly why: string }[];
}

/** A network as the tests of doctor and restore have it. */
export const networkConf = (name: string, subnet: string, more: object = {}) => ({
  cniVersion: '1.0.0',
  name,
  type: 'bridge',
  bridge: name,
  isGateway: true,
  ipMasq: true,
  ipMasqBackend: 'nftables',
  ipam: { type: 'host-local', subnet, routes: [{ dst: '0.0.0.0/0' }] },
  ...more,
});

/** Puts a network's configuration where the commands look for it. */
export function writeConf(host: Host, conf: { readonly name: string }): void {
  host.run(['sh', '-c', `mkdir -p /run/conf && cat >/run/conf/${conf.name}.conf`], {
    input: JSON.stringify(conf),
  });
}

/** Runs a command of cni-bridge with the configurations of {@link writeConf}. */
export function run(host: Host, bridge: string, command: string, ...words: string[]): Outcome {
  return host.run([`${dirname(bridge)}/cni-bridge`, command, '--conf-dir', '/run/conf', ...words]);
}

/** What the doctor says, and its exit status. */
export function examine(
  host: Host,
  bridge: string,
  ...words: string[]
): Report & { readonly status: number | null } {
  const { status, stdout, stderr } = run(host, bridge, 'doctor', '--json', ...words);
  if (stdout === '') throw new Error(stderr);
  const report: Report = JSON.parse(stdout);
  return { status, ...report };
}

/**
 * Takes a container's namespace away as a crashed program does that still has a socket in it: its name is gone, no
 * process is in it, and yet the kernel keeps it, with its veth.
 */
export function orphan(host: Host, name: string): void {
  host.sh(`ip -n ${name} link set lo up
    mkfifo /run/orphaned
    ip netns exec ${name} bash -c 'exec 3<>/dev/udp/127.0.0.1/9
      exec nsenter --net=/proc/${host.pid}/ns/net sh -c "echo >/run/orphaned; exec sleep 600"' >/dev/null 2>&1 </dev/null &
    echo $! >/run/orphan.pid
    read -r line </run/orphaned || true
    ip netns del ${name}`);
}
