import { readSysctl, setSysctl } from '../../netlink/sysctl.ts';
import type { Undo } from './undo.ts';

/**
 * Sets a sysctl, to be set back where the ADD fails. One that the kernel does not have is passed over.
 * @param mayTake whether it may be set back, asked at that time
 * @throws node's error where it cannot be written
 */
export function changeSysctl(
  name: string,
  value: string,
  undo: Undo,
  mayTake: () => boolean = () => true,
): void {
  const before = readSysctl(name);
  if (before === undefined || before === value) return;
  // Registered first: a write may have taken effect although it failed.
  undo.register(`sysctl ${name}`, () => {
    if (mayTake()) setSysctl(name, before);
  });
  setSysctl(name, value);
}
