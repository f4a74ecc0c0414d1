import { accessSync, closeSync, constants } from '#files';
import { libc } from '#libc';
import { decodeText } from '../../netlink/bytes.ts';
import { openRoute } from '../../netlink/connection.ts';
import { type Namespace, openOwnNamespace, within } from '../../netlink/namespace.ts';
import { setLink } from '../../netlink/route/link.ts';
import type { Outcome } from './steps.ts';

/** How much of what a command prints is kept. */
const mostCaught = 4 * 1024 * 1024;
const day = 24 * 60 * 60 * 1000;
const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where a program is, in PATH and the system's directories; undefined for nowhere. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return name;
  const { PATH = '' } = libc.environment('PATH');
  const directories = [...PATH.split(':').filter((one) => one.startsWith('/')), ...systemDirectories];
  return directories
    .map((directory) => `${directory}/${name}`)
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Runs in a namespace, and comes back. */
function inside<T>(namespace: Namespace, work: () => T): T {
  const own = openOwnNamespace();
  try {
    return within(namespace, own, work);
  } finally {
    closeSync(own.fd);
  }
}

/** Sets the loopback link of a namespace up, as runtimes do. @throws NetlinkError */
export function setLoopbackUp(namespace: Namespace): void {
  const connection = inside(namespace, openRoute);
  try {
    connection.execute(setLink('lo', { up: true }));
  } finally {
    connection.close();
  }
}

/**
 * Runs a command in a namespace.
 * @param streams whether it has our own standard streams, or what it prints is caught
 * @returns how it ended: `exit status 1`
 * @throws SystemError where it can't be run
 */
export function runInside(
  namespace: Namespace,
  command: readonly string[],
  streams: 'foreground' | 'capture',
): Outcome {
  const [name = '', ...args] = command;
  const file = findProgram(name);
  if (file === undefined) throw new Error(`there is no program "${name}" in PATH`);
  const { status, signal, stdout, stderr } = inside(namespace, () =>
    libc.run({
      file,
      args,
      variables: {},
      stdin: new Uint8Array(),
      outputLimit: streams === 'capture' ? mostCaught : 0,
      milliseconds: day,
      stderr: streams,
    }),
  );
  return {
    words: signal === undefined ? `exit status ${status}` : `killed by ${signal}`,
    isWell: status === 0,
    more: streams === 'capture' ? { stdout: decodeText(stdout), stderr: decodeText(stderr) } : {},
  };
}

/** Pings an address once from a namespace. @returns whether it answers; undefined where there is no ping */
export function ping(namespace: Namespace, address: string): Outcome | undefined {
  const file = findProgram('ping');
  if (file === undefined) return undefined;
  const { status, stdout } = inside(namespace, () =>
    libc.run({
      file,
      args: ['-n', '-c1', '-W2', address],
      variables: {},
      stdin: new Uint8Array(),
      outputLimit: 65536,
      milliseconds: 10_000,
      stderr: 'capture',
    }),
  );
  if (status !== 0) return { words: `${address} does not answer`, isWell: false };
  const time = /time=([\d.]+ ms)/.exec(decodeText(stdout))?.[1];
  return { words: `${address} answers${time === undefined ? '' : ` in ${time}`}`, isWell: true };
}
