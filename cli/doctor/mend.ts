import { messageOf } from '../../netlink/error.ts';
import { formatCIDR, formatIP } from '../../netlink/ip.ts';
import { ownerLabel } from '../../plugin/attach/owner.ts';
import type { Places } from '../facts/read.ts';
import { shortID } from '../facts/summary.ts';
import type { Cure, Loss, Remains } from './finding.ts';
import { remainsOfNow, removeRemains } from './remove-remains.ts';
import { restore } from './restore.ts';

function ownerWords({ containerID, ifname }: { containerID: string; ifname: string }): string {
  return `container ${shortID(containerID)} ${ifname}`.trimEnd();
}

/** What a cure does, in words. */
export function cureWords(cure: Cure): string {
  if (cure.kind === 'up') return `set bridge ${cure.bridge.name} up`;
  if (cure.kind === 'port') return `give port ${cure.veth.name} the settings of ${cure.config.name}`;
  if (cure.kind === 'remains') {
    const { leases, elements, sources, veth } = cure.attachment;
    const parts = [
      ...(veth === undefined ? [] : [`veth ${veth.name}`]),
      ...leases.map(({ address }) => `lease ${address}`),
      ...[...elements, ...sources].map(({ address }) => `masquerading of ${address}`),
    ];
    return `remove ${parts.join(', ')} of ${ownerWords(cure.attachment)}`;
  }
  if (cure.kind === 'forward') return `accept what ${cure.config.name} forwards again`;
  if (cure.kind === 'isolation') return `isolate ${ownerWords(cure.isolated.attachment)} again`;
  if (cure.kind === 'gateway')
    return `give ${cure.config.bridge} the gateway ${cure.gateways.map(formatCIDR).join(', ')}`;
  const owner = ownerWords(cure.attachment);
  return cure.kind === 'spoof check'
    ? `check the source addresses of ${owner} again`
    : `masquerade ${cure.addresses.map(({ ip }) => formatIP(ip)).join(', ')} of ${owner} again`;
}

/** Whom mending tells. */
export interface Listener {
  /** Before a cure. */
  begin(cure: Cure): void;
  /** After one that has failed, or a line of the plugin's own. */
  warn(line: string): void;
}

/** An address of a bridge that is down would go as it is set up; the rest in the order of an ADD. */
const order: readonly Loss['kind'][] = [
  'up',
  'port',
  'spoof check',
  'isolation',
  'gateway',
  'masquerade',
  'forward',
];

/**
 * Mends what was found, one thing after the other, whatever becomes of the others.
 * @returns whether all could be
 */
export function mend(cures: readonly Cure[], places: Places, listener: Listener): boolean {
  let isWell = true;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      isWell = false;
      listener.warn(messageOf(error));
    }
  };
  const losses = cures.filter((cure): cure is Loss => cure.kind !== 'remains');
  losses.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  for (const loss of losses) {
    listener.begin(loss);
    attempt(() => restore(loss, listener.warn));
  }
  const remains = cures.filter((cure): cure is Remains => cure.kind === 'remains');
  // A DEL that came between has left to us what was restored after it.
  const restored = new Set(
    losses.flatMap((loss) => (loss.kind === 'masquerade' ? [ownerLabel(loss.attachment)] : [])),
  );
  if (restored.size > 0) remains.push(...remainsOfNow(restored, places));
  if (remains.length > 0) attempt(() => removeRemains(remains, places, { ...listener, attempt }));
  return isWell;
}
