import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { executables } from '../../support/cni.ts';
import type { Outcome } from '../../support/host.ts';
import { LeaseDirectory } from '../../support/leases.ts';

/** host-local beside each executable under test. */
export const hostLocals = executables.map(([name, path]): [string, string] => [
  join(dirname(name), 'host-local'),
  join(dirname(path), 'host-local'),
]);

/** The Go host-local (`make reference`). */
export const reference = resolve(process.env.REFERENCE_CNI_PATH ?? 'dist/reference', 'host-local');

/** What differs from a plain call. */
export interface CallOptions {
  readonly ipam?: object;
  readonly ifname?: string;
  readonly cniVersion?: string;
  readonly args?: string;
  readonly runtimeConfig?: object;
  /** The program, with its arguments, that runs the executable. */
  readonly under?: readonly string[];
}

/** A lease directory that executables share. */
export class SharedDirectory extends LeaseDirectory {
  /** Calls an executable as a plugin does that delegates to it. */
  call(executable: string, command: string, containerID: string, options: CallOptions = {}): Outcome {
    const {
      ipam = {},
      ifname = 'eth0',
      cniVersion = '1.0.0',
      args = '',
      runtimeConfig,
      under = [],
    } = options;
    const [program = '', ...words] = [...under, executable];
    const { status, stdout, stderr, error } = spawnSync(program, words, {
      encoding: 'utf8',
      cwd: '/',
      // No call here takes a second; one that hangs is a failure, not an endless test.
      timeout: 30_000,
      killSignal: 'SIGKILL',
      env: {
        PATH: process.env.PATH ?? '',
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerID,
        CNI_NETNS: '/run/netns/none',
        CNI_IFNAME: ifname,
        CNI_PATH: dirname(executable),
        CNI_ARGS: args,
      },
      input: JSON.stringify({
        cniVersion,
        name: 'net',
        type: 'bridge',
        ipam: { type: 'host-local', dataDir: this.dataDir, ...this.config, ...ipam },
        ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
      }),
    });
    // A program that is killed early leaves its input unread.
    const unread = error !== undefined && 'code' in error && error.code === 'EPIPE';
    if (error !== undefined && !unread) throw error;
    return { status, stdout, stderr };
  }

  /** The addresses of an ADD that must succeed. */
  lease(executable: string, containerID: string, options: CallOptions = {}): string[] {
    const { status, stdout, stderr } = this.call(executable, 'ADD', containerID, options);
    if (status !== 0) throw new Error(`ADD ${containerID}: exit ${status}\n${stdout}${stderr}`);
    const { ips }: { ips: { address: string }[] } = JSON.parse(stdout);
    return ips.map(({ address }) => address);
  }

  /** A DEL or CHECK that must succeed, and say nothing. */
  must(executable: string, command: 'DEL' | 'CHECK', containerID: string, options: CallOptions = {}): void {
    const { status, stdout, stderr } = this.call(executable, command, containerID, options);
    if (status !== 0 || stdout !== '')
      throw new Error(`${command} ${containerID}: exit ${status}\n${stdout}${stderr}`);
  }

  /** The error object of a call that must fail. */
  refusal(executable: string, command: string, containerID: string, options: CallOptions = {}) {
    const { status, stdout } = this.call(executable, command, containerID, options);
    if (status !== 1) throw new Error(`${command} ${containerID}: exit ${status}\n${stdout}`);
    const error: { code: number; msg: string; details?: string } = JSON.parse(stdout);
    return error;
  }
}
