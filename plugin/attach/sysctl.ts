import { readSysctl, setSysctl } from '../../netlink/sysctl.ts';
import type { Undo } from './undo.ts';

/**
 * Sets a sysctl that an ADD which fails sets back; one that the kernel has not is passed over.
 * @param mayTake whether it may be set back, asked then
 * @throws node's error where it can't be written
 */
export function changeSysctl(
  name: string,
  value: string,
  undo: Undo,
  mayTake: () => boolean = () => true,
): void {
  const before = readSysctl(name);
  if (before === undefined || before === value) return;
  // Registered first: a write that fails may have been half done.
  undo.register(`sysctl ${name}`, () => {
    if (mayTake()) setSysctl(name, before);
  });
  setSysctl(name, value);
}
