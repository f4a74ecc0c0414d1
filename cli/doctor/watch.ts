import { libc } from '#libc';
import { group, type Notifications, subscribe } from '../../netlink/notification.ts';
import { legacyFamilies } from '../../plugin/netfilter/masquerade/iptables.ts';

/** A firewall changes its rules in several steps: they are over when none has come for so long. */
const quiet = 300;
/** Where they never are, it is looked all the same. */
const longest = 3000;
/** Looking takes at most this part of the time, however often rules change. */
const share = 0.2;
/** Legacy iptables tells nobody of its changes. */
const minute = 60_000;
const day = 24 * 60 * minute;

/** Lets some time pass. @returns whether rules have changed meanwhile */
function rest(changes: Notifications, milliseconds: number): boolean {
  const end = libc.clock() + milliseconds;
  let haveChanged = false;
  for (let left = milliseconds; left > 0; left = end - libc.clock()) {
    if (changes.wait(left)) haveChanged = true;
  }
  return haveChanged;
}

/**
 * Looks at once, and again whenever somebody has changed nftables' rules, until the process is killed. iptables and
 * ebtables are nftables, too, but for their legacy variants: where those are in use, it looks each minute.
 * @throws SystemError without nftables, or EPERM without CAP_NET_ADMIN; what `look` throws
 */
export function watch(look: () => void): never {
  // Before the first look, so that no change is missed.
  const changes = subscribe(group.nftables);
  for (;;) {
    const begun = libc.clock();
    look();
    const took = libc.clock() - begun;
    if (!rest(changes, took / share - took)) changes.wait(legacyFamilies().length === 0 ? day : minute);
    const deadline = libc.clock() + longest;
    while (libc.clock() < deadline && changes.wait(quiet));
  }
}
