import { readSysctl, setSysctl } from '../../netlink/sysctl.ts';
import type { Undo } from './undo.ts';

/**
 * Sets a sysctl, and restores it if the ADD fails. One that the kernel doesn't have is skipped.
 * @param mayTake whether it may be restored, asked at that time
 * @throws Node's error if it can't be written
 */
export function changeSysctl(
  name: string,
  value: string,
  undo: Undo,
  mayTake: () => boolean = () => true,
): void {
  const before = readSysctl(name);
  if (before === undefined || before === value) return;
  // Registered first: a failed write may still have taken effect.
  undo.register(`sysctl ${name}`, () => {
    if (mayTake()) setSysctl(name, before);
  });
  setSysctl(name, value);
}
