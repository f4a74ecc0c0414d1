import { formatList } from '../../../../cli/commands/list.ts';
import { readPart } from '../../../../cli/facts/configurations.ts';
import { join } from '../../../../cli/facts/join.ts';
import type { Raw } from '../../../../cli/facts/raw.ts';
import { plainStyle } from '../../../../cli/output/terminal.ts';
import { lease, link, netfilter, raw, table } from '../facts/raw.ts';

function listed(some: Partial<Raw>): string {
  return formatList(join(raw(some)), plainStyle, 61_000);
}

const id = 'e5b1'.repeat(16);
const ipam = { type: 'host-local', subnet: '10.15.20.0/24' };
const json = { cniVersion: '1.0.0', name: 'lab', type: 'bridge', bridge: 'br0', ipMasq: true, ipam };
const configured = { file: '/etc/cni/net.d/lab.conf', name: 'lab', config: readPart(json), fault: undefined };

test('a network and its attachments, columns that are empty left out', () => {
  const text = listed({
    links: [
      link({ index: 2, name: 'br0', kind: 'bridge' }),
      link({ index: 5, name: 'veth1', alias: `cni lab ${id} eth0 default/web-0`, master: 2 }),
      link({ index: 6, name: 'veth22', alias: 'cni lab c2 eth0', master: 2, up: false }),
      link({ index: 8, name: 'docker0', kind: 'bridge' }),
      link({ index: 9, name: 'veth9', master: 8 }),
    ],
    directories: [
      {
        network: 'lab',
        path: '/var/lib/cni/networks/lab',
        leases: [lease('lab', '10.15.20.2', id), lease('lab', '10.15.20.13', 'c2')],
      },
    ],
    netfilter: netfilter({ tables: [table('lab', { '10.15.20.2': `cni lab ${id} eth0` })] }),
    configured: [configured],
  });
  expect(text).toBe(`lab  bridge br0, 10.15.20.0/24, gateway 10.15.20.1, masqueraded, 2 of 253 leased
  CONTAINER     POD            INTERFACE  ADDRESS         HOST VETH  SINCE  STATE
  e5b1e5b1e5b1  default/web-0  eth0       10.15.20.2/24   veth1      60s    ok
  c2                           eth0       10.15.20.13/24  veth22     60s    host veth is down, 10.15.20.13 is not masqueraded

others', which cni-bridge never touches
  docker0: veth9
`);
});

test('VLANs have a column where there are any', () => {
  const vlans = [
    { first: 10, last: 10, pvid: true, untagged: true },
    { first: 20, last: 29, pvid: false, untagged: false },
  ];
  const text = listed({
    links: [
      link({ index: 2, name: 'br0', kind: 'bridge' }),
      link({ index: 5, name: 'veth1', alias: 'cni net c1 eth0', master: 2 }),
    ],
    vlans: new Map([[5, vlans]]),
  });
  expect(text).toContain('VLAN');
  expect(text).toContain('10 20-29t');
});

test('nothing at all is said in words', () => {
  expect(listed({})).toBe('no networks: nothing is attached, and no configuration was found\n');
});

test('what somebody put into an alias can’t move the cursor', () => {
  const alias = 'cni net c\u001b[2J eth0';
  expect(listed({ links: [link({ index: 5, name: 'veth1', alias })] })).toContain('c?[2J');
});
