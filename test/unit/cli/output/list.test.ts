import { formatList } from '../../../../cli/commands/list.ts';
import { readPart } from '../../../../cli/facts/configurations.ts';
import { join } from '../../../../cli/facts/join.ts';
import type { Raw } from '../../../../cli/facts/raw.ts';
import { plainStyle } from '../../../../cli/output/terminal.ts';
import { lease, link, netfilter, raw, table } from '../facts/raw.ts';

function listed(some: Partial<Raw>, columns = 0): string {
  return formatList(join(raw(some)), { style: plainStyle, columns }, 61_000);
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

test('a narrow terminal has no veths, and pods without the middle of their names', () => {
  const pod = 'default/web-5d9c7b8f6c-x7k2p';
  const some = {
    links: [
      link({ index: 2, name: 'br0', kind: 'bridge' }),
      link({ index: 5, name: 'veth1', alias: `cni lab ${id} eth0 ${pod}`, master: 2 }),
    ],
    directories: [
      { network: 'lab', path: '/var/lib/cni/networks/lab', leases: [lease('lab', '10.15.20.2', id)] },
    ],
    configured: [configured],
  };
  const [, heading = '', row = ''] = listed(some).split('\n');
  // What is wrong may go on in the next line.
  expect(row.length).toBeGreaterThan(heading.length);
  expect(listed(some, heading.length)).toBe(listed(some));
  const without = (text: string): string => text.replace(/HOST VETH {2}|veth1 {6}/, '');
  const narrow = heading.length - 'HOST VETH  '.length;
  for (const columns of [narrow, heading.length - 1])
    expect(listed(some, columns).split('\n').slice(1, 3)).toEqual([heading, row].map(without));
  const narrower = listed(some, narrow - 5).split('\n');
  expect(narrower[1]).toHaveLength(narrow - 5);
  expect(narrower[2]).toBe(without(row).replace(pod, 'default/web…b8f6c-x7k2p'));
  expect(listed(some, 20)).toContain('  default/…c-x7k2p  eth0  ');
});

test('an IPv6 range has no number of addresses, a network without IPAM no masquerading, a bad one neither', () => {
  const wide = { ...json, name: 'wide', ipam: { type: 'host-local', subnet: 'fd00::/64' } };
  const plain = { cniVersion: '1.0.0', name: 'plain', type: 'bridge', bridge: 'br1', ipam: {} };
  const right = [wide, plain].map((one) => ({
    file: `/etc/${one.name}`,
    name: one.name,
    config: readPart(one),
    fault: undefined,
  }));
  const bad = { file: '/etc/bad', name: 'bad', config: undefined, fault: 'no' };
  const text = listed({ configured: [...right, bad] });
  expect(text).toMatch(
    /^wide {2}bridge br0 \(not there yet\), fd00::\/64, gateway fd00::1, masqueraded, 0 leased$/m,
  );
  expect(text).toMatch(/^plain {2}bridge br1 \(not there yet\), layer 2 only$/m);
  expect(text).toMatch(/^bad {2}no bridge known$/m);
});
