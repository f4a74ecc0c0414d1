import { findMatches, isOneThing } from '../../../../cli/facts/find.ts';
import { join } from '../../../../cli/facts/join.ts';
import { lease, link, raw } from './raw.ts';

const facts = join(
  raw({
    links: [
      link({ index: 2, name: 'br0', kind: 'bridge' }),
      link({ index: 3, name: 'docker0', kind: 'bridge' }),
      link({ index: 5, name: 'veth1', alias: 'cni net abc1 eth0 default/web-0', master: 2 }),
      link({ index: 6, name: 'veth2', alias: 'cni net abc2 eth0 kube-system/web-0', master: 2 }),
      link({ index: 7, name: 'veth3', alias: 'cni net abc2 net1', master: 2 }),
      link({ index: 8, name: 'veth4', alias: 'cni other abc eth0', master: 2 }),
    ],
    directories: [
      {
        network: 'net',
        path: '/var/lib/cni/networks/net',
        leases: [lease('net', '10.0.0.2', 'abc1'), lease('net', 'fd00::2', 'abc1')],
      },
    ],
  }),
);

function found(word: string): string[] {
  return findMatches(facts, word).map((match) => {
    if (match.kind === 'network') return `network ${match.network.name}`;
    return match.kind === 'other' ? match.link.name : (match.attachment.veth?.name ?? '?');
  });
}

test.each([
  ['abc1', ['veth1']],
  ['abc', ['veth4']],
  ['ab', ['veth1', 'veth2', 'veth3', 'veth4']],
  ['a', []],
  ['default/web-0', ['veth1']],
  ['web-0', ['veth1', 'veth2']],
  ['10.0.0.2', ['veth1']],
  ['FD00:0::2', ['veth1']],
  ['10.0.0.20', []],
  ['02:00:00:00:00:06', ['veth2']],
  ['veth3', ['veth3']],
  ['br0', ['network net', 'network other']],
  ['net', ['network net']],
  ['docker0', ['docker0']],
  ['nothing', []],
])('%s is %j', (word, matches) => {
  expect(found(word)).toEqual(matches);
});

test.each([
  ['abc2', true],
  ['br0', true],
  ['ab', false],
  ['web-0', false],
])('%s is one thing: %s', (word, isOne) => {
  expect(isOneThing(findMatches(facts, word), word)).toBe(isOne);
});
