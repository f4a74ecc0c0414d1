import type { Verdict } from '../../../../../netlink/nftables/verdict.ts';
import { placeIn, type Rule } from '../../../../../plugin/netfilter/forward/place.ts';

const rule = (verdict?: Verdict): Rule => ({ comment: '', iifname: '', oifname: '', verdict });
const jump = (chain: string): Rule => rule({ chain, isGoto: false });
const goTo = (chain: string): Rule => rule({ chain, isGoto: true });
const some = rule();
const drop = rule('drop');
const back = rule('return');
const place = (chains: Record<string, Rule[]>, accepts = false) =>
  placeIn('FORWARD', accepts, (chain) => chains[chain] ?? []);

test.each<[string, Record<string, Rule[]>, boolean, { chain: string; index: number } | undefined]>([
  ['a policy alone: at the end', { FORWARD: [some, some] }, false, { chain: 'FORWARD', index: 2 }],
  ['accepting by policy', { FORWARD: [some] }, true, undefined],
  ['accepting by its last rule', { FORWARD: [some, rule('accept')] }, false, undefined],
  ['dropping by a rule: before it', { FORWARD: [some, drop] }, true, { chain: 'FORWARD', index: 1 }],
  [
    'returning: the policy counts',
    { FORWARD: [back, rule('accept')] },
    false,
    { chain: 'FORWARD', index: 0 },
  ],
  [
    'dropping in a chain that it jumps to: before the jump',
    { FORWARD: [some, jump('a'), some], a: [some, jump('b')], b: [drop] },
    true,
    { chain: 'FORWARD', index: 1 },
  ],
  [
    'a chain that comes back does not end it',
    { FORWARD: [jump('a'), some], a: [some, back, drop] },
    false,
    { chain: 'FORWARD', index: 2 },
  ],
  ['a goto to a chain that comes to its end', { FORWARD: [goTo('a'), drop], a: [some] }, true, undefined],
  [
    "Docker's chain: before its return",
    { FORWARD: [jump('DOCKER-USER'), some], 'DOCKER-USER': [some, back] },
    false,
    { chain: 'DOCKER-USER', index: 1 },
  ],
  [
    "Docker's chain that drops all: before that",
    { FORWARD: [jump('DOCKER-USER')], 'DOCKER-USER': [some, drop] },
    false,
    { chain: 'DOCKER-USER', index: 1 },
  ],
  [
    "Docker's chain that nothing gets to",
    { FORWARD: [some, drop, jump('DOCKER-USER')], 'DOCKER-USER': [back] },
    false,
    { chain: 'FORWARD', index: 1 },
  ],
  [
    "Docker's chain that packets pass by",
    { FORWARD: [some], 'DOCKER-USER': [back] },
    false,
    { chain: 'FORWARD', index: 1 },
  ],
])('a chain %s', (_what, chains, accepts, expected) => {
  expect(place(chains, accepts)).toEqual(expected);
});
