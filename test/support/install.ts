import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { Host, Outcome } from './host.ts';

/** Where a test's node has its plugins and networks: in its own host's /run. */
export const binDir = '/run/node/bin';
export const confDir = '/run/node/net.d';
export const conflist = `${confDir}/10-cni-bridge.conflist`;

/** A network for pods, without a range. */
export const pods = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [{ type: 'bridge', bridge: 'cni0', isDefaultGateway: true, ipam: { type: 'host-local' } }],
};

/** Runs `cni-bridge install` or `uninstall` on a test's node. */
export function onNode(
  host: Host,
  executable: string,
  words: readonly string[],
  under: readonly string[] = [],
): Outcome {
  const [command = '', ...more] = words;
  const places = ['--bin-dir', binDir, ...(more.includes('--conflist') ? ['--conf-dir', confDir] : [])];
  const program = `${dirname(executable)}/cni-bridge`;
  return host.run([...under, program, command, ...places, ...more]);
}

/** Everything on the node: kinds, modes, inodes, times, contents. */
export function nodeFiles(host: Host): string {
  return host.sh(
    `[ ! -e /run/node ] || find /run/node -printf '%p %y %m %i %T@ %l ' \\( -type f -exec md5sum {} ';' -o -printf '\\n' \\) | sort`,
  );
}

/** The same without what changes when a directory is written to, and a name is given twice. */
export function whatIsThere(host: Host): string {
  return host.sh(
    `find /run/node -mindepth 2 -printf '%p %y %m %l ' \\( -type f -exec md5sum {} ';' -o -printf '\\n' \\) | sort`,
  );
}

/** What answers to a plugin's name on the node: its first line; empty for nothing. */
export function answering(host: Host, name: string): string {
  const { stdout, stderr } = host.run(['sh', '-c', `${binDir}/${name} --version 2>&1`]);
  return `${stdout}${stderr}`.split('\n')[0] ?? '';
}

/** The same executable with another version in it, under `/run/VERSION` of the host. @param version as long as ours */
export function asVersion(host: Host, executable: string, version: string): string {
  const bytes = readFileSync(executable);
  const [ours, theirs] = [Buffer.from(manifest.version), Buffer.from(version)];
  if (ours.length !== theirs.length) throw new Error(`${version} is not as long as ${manifest.version}`);
  for (let at = bytes.indexOf(ours); at >= 0; at = bytes.indexOf(ours, at)) theirs.copy(bytes, at);
  const place = `/proc/${host.pid}/root/run/${version}`;
  host.sh(`mkdir -p /run/${version}`);
  writeFileSync(`${place}/bridge`, bytes, { mode: 0o755 });
  host.sh(`cd /run/${version} && ln -sf bridge cni-bridge`);
  return `/run/${version}/bridge`;
}
