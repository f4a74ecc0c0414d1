import type { Command } from '../command.ts';
import { findBridgeFaults } from '../doctor/bridges.ts';
import { findLostFilters } from '../doctor/filters.ts';
import { lookAtContainers } from '../doctor/look.ts';
import { cureWords, mend } from '../doctor/mend.ts';
import { printable } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'give running containers back what a firewall restart took',
  description: [
    'After `nft flush ruleset` or the restart of a firewall, masquerades and checks again what it did for the containers that run, and gives bridges their gateway addresses back, by the configurations, the labels of the host veths and the leases: what `cni-bridge doctor --fix` does, for that alone. Silent where nothing is to do.',
    'A spoof check is for the MAC address that the interface has now, and the addresses that are leased, or that it has where no lease is known. cni-bridge-restore.service calls this after nftables and firewalld.',
  ],
  operands: [],
  options: placesOptions,
  hasJson: false,
  examples: [{ line: 'cni-bridge restore', says: 'after nft -f /etc/nftables.conf' }],
  failure: 'something could not be restored, or not be looked at.',
  run(args, terminal) {
    const places = placesOf(args);
    const ward = lookAtContainers(places);
    const warn = (line: string): void => terminal.warn(printable(line));
    const cures = [...findBridgeFaults(ward), ...findLostFilters(ward)]
      .flatMap((finding) => finding.cures)
      .filter(({ kind }) => kind !== 'up');
    const begin = (cure: (typeof cures)[number]): void => terminal.print(`${printable(cureWords(cure))}\n`);
    const isWell = mend(cures, places, { begin, warn });
    for (const { what, why } of ward.missing) warn(`not looked at: ${what} (${why})`);
    return isWell && ward.missing.length === 0 ? 0 : 1;
  },
};
