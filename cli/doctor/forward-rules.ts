import { lostForward } from '../../plugin/netfilter/forward/forward.ts';
import { forwardedOf } from '../../plugin/netfilter/forward/rules.ts';
import type { Reading } from '../facts/read.ts';
import { type Finding, fixCommand } from './finding.ts';
import type { LostForward, Patient, Ward } from './sight.ts';

/** Looks for the rules of each network with `forward` that has a running container. */
export function readLostForward(patients: readonly Patient[], reading: Reading): LostForward[] {
  const networks = new Set(patients.filter(({ isDead }) => !isDead).map(({ network }) => network));
  return [...networks].flatMap((network) => {
    const { config } = network;
    if (config?.forward !== true) return [];
    const addresses = patients.filter((one) => one.network === network).flatMap(({ leased }) => leased);
    const forwarded = forwardedOf(
      config,
      addresses.map((address) => ({ address })),
    );
    const lost = reading.attempt('forwarding rules', () => lostForward(forwarded), undefined);
    return lost === undefined ? [] : [{ config, addresses, expected: lost.expected }];
  });
}

/** Networks whose rules a firewall has dropped, or that has begun to drop since. */
export function findLostForward({ lostForward: lost }: Ward): Finding[] {
  return lost.map(({ config, addresses, expected }) => ({
    what: `a firewall drops what ${config.name} forwards`,
    where: [`no ${expected}`],
    why: 'nothing gets out; a firewall was flushed, restarted, or started since',
    mend: fixCommand,
    cures: [{ kind: 'forward', config, addresses }],
  }));
}
