import { join } from '../../../../cli/facts/join.ts';
import type { Raw } from '../../../../cli/facts/raw.ts';
import { compose, type Seen } from '../../../../cli/graph/compose.ts';
import { cidr } from '../../../support/netlink.ts';
import { lease, link, raw } from '../facts/raw.ts';

const eth0 = link({ index: 1, name: 'eth0', kind: '' });
const br0 = link({ index: 2, name: 'br0', kind: 'bridge' });
const veth = link({
  index: 5,
  name: 'veth1',
  alias: 'cni net c1 eth0 default/web-0',
  master: 2,
  peerNamespaceId: 0,
});
const leases = {
  network: 'net',
  path: '/n',
  leases: [lease('net', 'fd00::2', 'c1'), lease('net', '10.0.0.2', 'c1')],
};

function composed(some: Partial<Raw>, more: Partial<Seen> = {}) {
  const all = raw(some);
  return compose({ raw: all, facts: join(all), host: 'node-1', defaultRoutes: [], ...more });
}

test('a container at its bridge: pod, interface, IPv4 before IPv6', () => {
  const { bridges } = composed({
    links: [eth0, br0, veth],
    addresses: [
      { index: 2, cidr: cidr('10.0.0.1/24') },
      { index: 2, cidr: cidr('fe80::1/64') },
    ],
    directories: [leases],
  });
  expect(bridges).toEqual([
    {
      title: 'br0',
      lines: ['10.0.0.1/24', 'network net, 2 leased'],
      faults: [],
      isOthers: false,
      networks: ['net'],
      passage: 'routed',
      vlans: [
        {
          name: '',
          gateway: '',
          ports: [
            {
              title: 'default/web-0',
              link: 'veth1',
              containerID: 'c1',
              ifname: 'eth0',
              addresses: ['10.0.0.2/24', 'fd00::2'],
              faults: [],
              isOthers: false,
            },
          ],
        },
      ],
    },
  ]);
});

test('links with default routes are uplinks, each once, and nothing else even where they are veths', () => {
  const up = link({ index: 3, name: 'up0', kind: 'veth' });
  const { uplinks, bridges } = composed(
    { links: [eth0, up], addresses: [{ index: 1, cidr: cidr('192.0.2.10/24') }] },
    {
      defaultRoutes: [
        { index: 1, gateway: cidr('192.0.2.1/32').ip },
        { index: 1, gateway: cidr('192.0.2.1/32').ip },
        { index: 3, gateway: undefined },
      ],
    },
  );
  expect(uplinks).toMatchObject([
    { title: 'eth0', lines: ['192.0.2.10/24', 'default via 192.0.2.1'] },
    { title: 'up0', lines: ['default'] },
  ]);
  expect(bridges).toEqual([]);
});

test('ports stand in their VLANs, each with its gateway; the gateway link’s own port is not one more', () => {
  const vlan = (id: number, untagged = true) => ({ first: id, last: id, untagged, pvid: untagged });
  const second = link({ index: 6, name: 'veth2', alias: 'cni net c2 eth0', master: 2, peerNamespaceId: 1 });
  const gateway = link({
    index: 7,
    name: 'br0.20',
    kind: 'veth',
    alias: 'cni-bridge: gateway of a VLAN',
    peer: 8,
    peerNamespaceId: undefined,
  });
  const gatewayPort = link({ index: 8, name: 'veth3', kind: 'veth', master: 2, peer: 7 });
  const { bridges } = composed({
    links: [br0, veth, second, gateway, gatewayPort],
    addresses: [{ index: 7, cidr: cidr('10.20.0.1/24') }],
    vlans: new Map([
      [5, [vlan(1)]],
      [6, [vlan(20), vlan(30, false)]],
      [8, [vlan(20)]],
    ]),
  });
  expect(bridges).toMatchObject([{ title: 'br0', passage: 'routed' }]);
  expect(
    bridges[0]?.vlans.map(({ name, gateway: text, ports }) => [name, text, ports.map((one) => one.link)]),
  ).toEqual([
    ['', '', ['veth1']],
    ['20', 'br0.20 10.20.0.1/24', []],
    ['20 30t', '', ['veth2']],
  ]);
});

test("others' bridges, their ports and veths that are nowhere are others'", () => {
  const docker0 = link({ index: 3, name: 'docker0', kind: 'bridge' });
  const device = link({ index: 4, name: 'eth1', master: 3, kind: '' });
  const loose = link({ index: 9, name: 'cali1', kind: 'veth' });
  const { bridges } = composed({ links: [docker0, device, loose] });
  expect(bridges).toMatchObject([
    {
      title: 'docker0',
      lines: ['no CNI network'],
      passage: '',
      isOthers: true,
      vlans: [{ ports: [{ title: 'device', link: 'eth1', isOthers: true }] }],
    },
    {
      title: 'no bridge',
      lines: ['no CNI network'],
      isOthers: true,
      vlans: [{ ports: [{ title: 'veth', link: 'cali1' }] }],
    },
  ]);
});

test('a container whose veth somebody took from the bridge is not drawn at it', () => {
  const { bridges } = composed({ links: [br0, { ...veth, master: 0 }], directories: [leases] });
  expect(bridges.find(({ title }) => title === 'no bridge')).toMatchObject({
    title: 'no bridge',
    vlans: [{ ports: [{ title: 'default/web-0', faults: ['not on a bridge'] }] }],
  });
});

test('networks that share a bridge are in one box', () => {
  const other = link({ index: 6, name: 'veth2', alias: 'cni other c2 eth0', master: 2 });
  const { bridges } = composed({ links: [br0, veth, other] });
  expect(bridges).toHaveLength(1);
  expect(bridges[0]?.lines).toEqual(['network net', 'network other']);
  expect(bridges[0]?.vlans[0]?.ports).toHaveLength(2);
});

test('nothing from outside reaches the terminal as a control character', () => {
  const evil = '\u001b[2J';
  const text = JSON.stringify(
    composed(
      {
        links: [
          link({ index: 1, name: `e${evil}` }),
          link({ index: 2, name: `b${evil}`, kind: 'bridge' }),
          link({ index: 5, name: `v${evil}`, alias: `cni n${evil} c${evil} e${evil} p${evil}`, master: 2 }),
          link({ index: 6, name: `b${evil}.10`, kind: 'veth' }),
          link({ index: 7, name: `x${evil}`, kind: 'veth', master: 2 }),
        ],
      },
      { host: `h${evil}`, defaultRoutes: [{ index: 1, gateway: undefined }] },
    ),
  );
  expect(text).not.toContain('\\u001b');
  expect(text).toContain('x?[2J');
});

test('a veth of others that is no port is not drawn at a network whose bridge nobody knows', () => {
  const stray = link({ index: 9, name: 'stray', master: 0 });
  const bad = { file: '/etc/bad', name: 'bad', config: undefined, fault: 'no' };
  const { bridges } = composed({ links: [stray], configured: [bad] });
  const [own, loose] = bridges.filter(({ title }) => title === 'no bridge');
  expect(own).toMatchObject({ networks: ['bad'], vlans: [] });
  expect(loose).toMatchObject({ networks: [], vlans: [{ ports: [{ link: 'stray', isOthers: true }] }] });
});
