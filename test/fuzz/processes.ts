import fc from 'fast-check';
import { ending, executables } from '../support/cni.ts';
import { Host } from '../support/host.ts';
import { environment, result, stdin } from './arbitraries.ts';
import type { Property } from './properties.ts';

/** How many seconds a command may take on a busy machine. */
const patience = 30;

/** Calls a plugin that must answer. @returns the exit status */
function exitOf(host: Host, executable: string, env: Record<string, string>, bytes: Uint8Array): 0 | 1 {
  const pairs = Object.entries(env)
    .filter(([, value]) => !value.includes('\0'))
    .map(([key, value]) => `${key}=${value}`);
  const argv = ['timeout', '-s', 'KILL', String(patience), 'env', '-i', ...pairs, executable];
  return ending(host.run(argv, { input: Buffer.from(bytes) }));
}

/** Whole processes in a host of their own: their input, and that a failed ADD leaves the host as it was. */
export async function startProcesses(): Promise<{
  properties: readonly Property[];
  stop(): Promise<void>;
}> {
  const host = await Host.start('c1');
  host.sh('mkdir /run/path');
  const expectAsBefore = watch(host);
  const properties = executables.flatMap((executable) => [
    anyInput(host, executable, expectAsBefore),
    anyDelegate(host, executable, expectAsBefore),
  ]);
  return { properties, stop: () => host.stop() };
}

/** Remembers the host's state; returns a function that throws if it has changed. */
function watch(host: Host): () => void {
  const before = host.snapshot('c1');
  /** The files in the mounts of a test's host, and in the directory that it runs in. */
  const strangers = (): string =>
    host.sh(
      'find /run /var/lib/cni -type f ! -path "/var/lib/cni/*" ! -path "/run/path/*" ! -path "/run/netns/*" ! -path "/run/mount/*"',
    );
  return () => {
    const now = host.snapshot('c1');
    if (now !== before) throw new Error(`the host is another:\n${now}`);
    if (strangers() !== '') throw new Error(`files out of place: ${strangers()}`);
  };
}

function anyInput(
  host: Host,
  [name, executable]: readonly [string, string],
  expectAsBefore: () => void,
): Property {
  const commands = fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION');
  return [
    `${name} answers whatever it is given, and an ADD that fails leaves nothing`,
    fc.property(environment(commands), stdin, (env, bytes) => {
      // The operator chooses where leases are: here it has to be where the test looks.
      const text = Buffer.from(bytes)
        .toString('latin1')
        .replace(/dataDir/gi, 'dataDix');
      const status = exitOf(host, executable, env, Buffer.from(text, 'latin1'));
      if (env.CNI_COMMAND === 'ADD' && status === 0) restore(host);
      else if (env.CNI_COMMAND === 'ADD') expectAsBefore();
    }),
  ];
}

const delegating = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'net',
  type: 'bridge',
  isGateway: true,
  ipMasq: true,
  ipam: { type: 'odd' },
});
const delegatingAdd = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/c1',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/run/path',
  PATH: '/usr/bin:/bin',
};

function anyDelegate(
  host: Host,
  [name, executable]: readonly [string, string],
  expectAsBefore: () => void,
): Property {
  return [
    `${name} answers whatever its delegate prints, and an ADD that fails leaves nothing`,
    fc.property(result, fc.constantFrom(0, 1, 2, 137), (json, exit) => {
      host.run(['sh', '-c', 'cat >/run/path/printed'], { input: JSON.stringify(json) ?? '' });
      host.sh(`printf '#!/bin/sh\\ncat >/dev/null; cat /run/path/printed; exit ${exit}\\n' >/run/path/odd
        chmod 755 /run/path/odd`);
      const status = exitOf(host, executable, delegatingAdd, Buffer.from(delegating));
      if (status === 0) restore(host);
      else expectAsBefore();
    }),
  ];
}

/** Undoes an ADD, whatever its configuration. */
function restore(host: Host): void {
  host.sh(`ip netns del c1; nft flush ruleset; rm -rf /var/lib/cni/networks
    ip -o link show type veth | sed 's/^[0-9]*: \\([^@:]*\\).*/\\1/' | while read -r l; do ip link del $l; done
    ip -o link show type bridge | sed 's/^[0-9]*: \\([^@:]*\\).*/\\1/' | while read -r l; do ip link del $l; done
    echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding`);
  host.addContainers('c1');
}
