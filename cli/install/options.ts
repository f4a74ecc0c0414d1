import { closeSync, readSync } from '#files';
import { libc } from '#libc';
import { fileErrorCode, SystemError } from '../../netlink/error.ts';
import { type Arguments, type Option, textOption } from '../command.ts';
import { State } from './state.ts';

const day = 24 * 60 * 60 * 1000;

export const binDirOption: Option = {
  name: 'bin-dir',
  value: 'DIRECTORY',
  completes: 'directory',
  description: 'Where runtimes look for plugins; /opt/cni/bin by default.',
};

export const stayOption: Option = {
  name: 'stay',
  description: 'Afterwards wait for SIGTERM or SIGINT, as a DaemonSet has it.',
};

/** What was installed in the plugins' directory that the options say. */
export function stateOf(args: Arguments): State {
  return new State((textOption(args, 'bin-dir') ?? '/opt/cni/bin').replace(/(?!^)\/+$/, ''));
}

/** Waits for a signal. @param fd of `libc.signals` */
function awaitSignal(fd: number): void {
  const information = new Uint8Array(128);
  for (;;) {
    try {
      readSync(fd, information);
      closeSync(fd);
      return;
    } catch (error) {
      if (fileErrorCode(error) !== 'EAGAIN') throw error;
      libc.awaitReadable(fd, day);
    }
  }
}

/**
 * To be called before the work: a signal that comes in the middle of it then ends what follows.
 * @returns what waits for the signal, where the options say so
 * @throws SystemError
 */
export function readyToStay(args: Arguments): () => void {
  if (args.options.stay !== true) return () => undefined;
  const fd = libc.signals();
  if (fd < 0) throw new SystemError('wait for', 'signals', -fd);
  return () => awaitSignal(fd);
}
