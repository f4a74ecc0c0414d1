import { closeSync } from '#files';
import { libc } from '#libc';
import { u32 } from './bytes.ts';
import { SystemError } from './error.ts';
import { NETLINK_ADD_MEMBERSHIP, NETLINK_NETFILTER, NETLINK_ROUTE, NLMSG_NOOP } from './linux/netlink.ts';
import { NFNLGRP_NFTABLES } from './linux/nfnetlink.ts';
import { RTNLGRP_IPV6_IFADDR, RTNLGRP_LINK } from './linux/rtnetlink.ts';
import { encodeMessage } from './message.ts';
import { openDescriptor, setReceiveTimeout } from './socket.ts';

/** The groups to subscribe to: the number of each, and whose it is. */
export const group = {
  link: { number: RTNLGRP_LINK, protocol: NETLINK_ROUTE },
  ipv6Address: { number: RTNLGRP_IPV6_IFADDR, protocol: NETLINK_ROUTE },
  nftables: { number: NFNLGRP_NFTABLES, protocol: NETLINK_NETFILTER },
} as const;

const SOL_NETLINK = 270;
const MSG_DONTWAIT = 0x40;
const EINTR = 4;
const EAGAIN = 11;
const ENOBUFS = 105;

/** The kernel's notifications (rtnetlink(7)) that something in a group has changed. */
export interface Notifications {
  /**
   * Waits for a notification, and discards all pending ones. The caller reads what has changed: notifications can be
   * lost, the kernel's state can't.
   * @returns false if none came in time
   * @throws SystemError
   */
  wait(milliseconds: number): boolean;
  close(): void;
}

/**
 * Subscribes to a group in the calling thread's network namespace.
 * @throws SystemError
 */
export function subscribe({ number: to, protocol }: (typeof group)[keyof typeof group]): Notifications {
  const fd = openDescriptor(protocol);
  // A socket receives nothing until it has an address, which it gets when it sends: here a message without effect.
  const noop = encodeMessage(NLMSG_NOOP, 0, 0, new Uint8Array());
  const sent = libc.send(fd, noop, 0);
  const joined = sent < 0 ? sent : libc.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, u32(to));
  if (joined < 0) {
    closeSync(fd);
    throw new SystemError('subscribe to', `netlink group ${to}`, -joined);
  }
  // Notifications are not decoded, so they may be truncated.
  const buffer = new Uint8Array(16);
  const receive = (flags: number): number => Math.max(0, -libc.recv(fd, buffer, flags));
  return {
    wait(milliseconds) {
      setReceiveTimeout(fd, milliseconds);
      const errno = receive(0);
      if (errno === EAGAIN) return false;
      // Notifications lost to a full buffer count as received; after an interrupted wait the caller just looks once
      // more.
      if (errno !== 0 && errno !== ENOBUFS && errno !== EINTR) {
        throw new SystemError('receive on', 'netlink socket', errno);
      }
      while (receive(MSG_DONTWAIT) === 0);
      return true;
    },
    close() {
      closeSync(fd);
    },
  };
}

/**
 * Calls `look` at once and after each notification, until it returns something. Since it looks after subscribing, no
 * change is missed.
 * @returns undefined when the time is up
 * @throws SystemError, and whatever `look` throws
 */
export function awaitChange<T>(
  notifications: Notifications,
  milliseconds: number,
  look: () => T | undefined,
): T | undefined {
  const deadline = libc.clock() + milliseconds;
  for (;;) {
    const seen = look();
    const left = deadline - libc.clock();
    if (seen !== undefined || left <= 0) return seen;
    notifications.wait(left);
  }
}
