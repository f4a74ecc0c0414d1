import type { Facts } from './facts.ts';
import type { Observation } from './observe.ts';
import { confOf, type Row } from './row.ts';

/** Whether there is a fact whose path matches. */
export function has(facts: Facts, path: RegExp): boolean {
  return Object.keys(facts).some((key) => path.test(key));
}

/** The codes of the ADDs that failed. */
export function codesOf({ facts }: Observation): string[] {
  return Object.keys(facts.result).flatMap((path) =>
    path.endsWith(' code') ? [facts.result[path] ?? ''] : [],
  );
}

/** The code of the CHECK after a change. */
export function checkCode({ facts }: Observation): string | undefined {
  return facts.CHECK['c1 CHECK after a change code'];
}

/** Whether an ADD failed. */
export function failed(observation: Observation): boolean {
  return codesOf(observation).length > 0;
}

/** Whether the kernel has something after one that is missing after the other. */
export function leavesMore(one: Observation, other: Observation): boolean {
  return Object.keys(one.facts.kernel).some((path) => other.facts.kernel[path] === undefined);
}

/** Whether the first ADD succeeded. */
export function added({ facts }: Observation): boolean {
  return facts.result['c1 exit'] === '0';
}

/** Whether a container was given an IPv6 address. */
export function hasIPv6({ facts }: Observation): boolean {
  return Object.entries(facts.result).some(
    ([path, value]) => /ip(s \d+ address|6 ip)$/.test(path) && value.includes(':'),
  );
}

export function cniVersionOf(row: Row): string {
  return String(confOf(row).cniVersion ?? '0.1.0');
}

/** Whether the row asks for addresses. */
export function isLayer3(row: Row): boolean {
  const { ipam } = confOf(row);
  return typeof ipam === 'object' && ipam !== null && 'type' in ipam;
}

/** Whether the bridge itself is given an address, by the plugin or before it. */
export function hasGateway(row: Row): boolean {
  const { isGateway, isDefaultGateway, vlan } = confOf(row);
  const given = row.before?.includes('dev br0') === true;
  return given || (isLayer3(row) && (isGateway === true || isDefaultGateway === true) && !vlan);
}
