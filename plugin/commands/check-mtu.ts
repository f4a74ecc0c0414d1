import type { Link } from '../../netlink/route/link.ts';
import { type Comparison, mismatch } from './mismatch.ts';

/**
 * With `"mtu": "auto"`, compares the MTU of both ends with what the ADD set, not with what it would set now: an uplink
 * that has changed since breaks no container by itself. Results before 1.1.0 don't tell what the ADD set; then both
 * ends must still agree.
 * @throws CniError code 999 if one differs
 */
export function checkMtu(
  { request: { ifname, netns }, config, previous }: Comparison,
  port: Link,
  container: Link,
): void {
  if (!config.autoMtu) return;
  const told = previous.interfaces.find(({ name, sandbox }) => name === ifname && sandbox === netns)?.mtu;
  const expected = told ?? port.mtu;
  for (const { name, mtu } of [container, port]) {
    if (mtu !== expected) throw mismatch(`MTU of ${name}`, String(expected), String(mtu));
  }
}
