import { articleAs } from '../../support/article.ts';
import type { Variant } from '../../support/docker-rules.ts';
import type { Host } from '../../support/host.ts';

const both = [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]];

/** The article's configuration with both families. */
export const plain = {
  ...articleAs('1.1.0'),
  isDefaultGateway: true,
  ipam: { type: 'host-local', ranges: both },
};

/** The same with the option. */
export const conf = { ...plain, forward: true };

export const second = { containerID: 'c2', netns: '/run/netns/c2' };

/** What rules are made by. */
export const variants: Variant[] = ['nft', 'legacy'];

/** The rules in `chain` as iptables-save prints them. */
export const expected = (chain: string, link = 'lab-br1'): string[] => {
  const comment = '-m comment --comment "cni-bridge forward lab-br1';
  const conntrack = '-m conntrack --ctstate';
  return [
    `-A ${chain} -i ${link} ${comment}" -j ACCEPT`,
    `-A ${chain} -o ${link} ${conntrack} RELATED,ESTABLISHED ${comment}" -j ACCEPT`,
    `-A ${chain} -o ${link} ${conntrack} DNAT ${comment} ports" -j ACCEPT`,
  ];
};

/** Our rules of both families. */
export const oursOn = (host: Host, variant: Variant): string[][] =>
  ['iptables', 'ip6tables'].map((program) =>
    host
      .sh(`${program}-${variant}-save -t filter`)
      .split('\n')
      .filter((line) => line.includes('cni-bridge')),
  );
