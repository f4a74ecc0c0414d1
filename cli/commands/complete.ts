import { join } from '../facts/join.ts';
import { readHost } from '../facts/read.ts';
import { printable } from '../output/terminal.ts';

/** What `show` may be asked for, a line each: for the completion of shells. */
export function completeWords(): string {
  const { networks } = join(readHost());
  const words = networks.flatMap(({ name, bridgeName, attachments }) => [
    name,
    bridgeName,
    ...attachments.flatMap(({ containerID, pod, veth, leases }) => [
      containerID,
      pod,
      veth?.name ?? '',
      ...leases.map(({ address }) => address),
    ]),
  ]);
  // What others named with control characters would be the terminal's to obey.
  const typed = words.filter((word) => word !== '' && word === printable(word));
  return [...new Set(typed)].map((word) => `${word}\n`).join('');
}
