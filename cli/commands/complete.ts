import { join } from '../facts/join.ts';
import { readHost } from '../facts/read.ts';

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
  return [...new Set(words)].map((word) => (word === '' ? '' : `${word}\n`)).join('');
}
