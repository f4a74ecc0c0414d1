import { isErrno } from '../../netlink/error.ts';
import type { Command } from '../command.ts';
import { findBridgeFaults } from '../doctor/bridges.ts';
import { findLostFilters } from '../doctor/filters.ts';
import { lookAtContainers } from '../doctor/look.ts';
import { cureWords, mend } from '../doctor/mend.ts';
import { watch } from '../doctor/watch.ts';
import type { Places } from '../facts/read.ts';
import { printable, type Terminal } from '../output/terminal.ts';
import { placesOf, placesOptions } from '../places.ts';

/** @returns whether all was seen, and all that was lost given back */
function restoreAll(places: Places, terminal: Terminal): boolean {
  const ward = lookAtContainers(places);
  const warn = (line: string): void => terminal.warn(printable(line));
  const cures = [...findBridgeFaults(ward), ...findLostFilters(ward)]
    .flatMap((finding) => finding.cures)
    .filter(({ kind }) => kind !== 'up');
  const begin = (cure: (typeof cures)[number]): void => terminal.print(`${printable(cureWords(cure))}\n`);
  const isWell = mend(cures, places, { begin, warn });
  for (const { what, why } of ward.missing) warn(`not looked at: ${what} (${why})`);
  return isWell && ward.missing.length === 0;
}

function watchAll(places: Places, terminal: Terminal): never {
  try {
    watch(() => restoreAll(places, terminal));
  } catch (error) {
    if (isErrno(error, 'EPERM'))
      throw new Error('restore --watch needs root: it hears of changed rules (CAP_NET_ADMIN)');
    throw error;
  }
}

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'give running containers back what a firewall took',
  description: [
    'Puts back what running containers had of masquerading, spoof checks, `isolate` and `forward`, and the gateway addresses of their bridges, by the configurations, the labels of the host veths and the leases. `cni-bridge doctor --fix` does the same, and more. Nothing is printed where nothing is missing. A spoof check is for the MAC address that the interface has now, and for the leased addresses, or those of the interface where no lease is known.',
    'These are lost to `nft flush ruleset`, to the start, stop, restart and reload of nftables.service, and, but for masquerading by nftables, to iptables-restore and to each `firewall-cmd --reload`. With --watch it looks again whenever rules have changed, whoever changed them, and, where legacy iptables has a nat table, each minute: cni-bridge-restore.service runs it so.',
  ],
  operands: [],
  options: [
    ...placesOptions,
    { name: 'watch', description: 'Go on, and look again whenever rules of a firewall have changed.' },
  ],
  hasJson: false,
  examples: [
    { line: 'cni-bridge restore', says: 'after nft -f /etc/nftables.conf' },
    { line: 'cni-bridge restore --watch', says: 'after whatever may come' },
  ],
  failure: 'something could not be restored, or not be looked at.',
  run(args, terminal) {
    const places = placesOf(args);
    if (args.options.watch === true) watchAll(places, terminal);
    return restoreAll(places, terminal) ? 0 : 1;
  },
};
