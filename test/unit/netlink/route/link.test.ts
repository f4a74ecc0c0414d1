import { Attributes, noAttributes } from '../../../../netlink/attribute.ts';
import { ProtocolError } from '../../../../netlink/error.ts';
import { newFdbEntry } from '../../../../netlink/route/bridge-fdb.ts';
import { deleteGroup, deleteLink } from '../../../../netlink/route/delete-link.ts';
import { decodeLink, newBridge, newVeth, setLink } from '../../../../netlink/route/link.ts';
import { decodePort } from '../../../../netlink/route/port-settings.ts';
import { attribute, bytes, concat, hex, nested, text, u32 } from '../../../support/netlink.ts';

test('a bridge with its MAC address, up', () => {
  const { type, flags, body } = newBridge('br0', { mac: '02:00:00:00:00:01', up: true });
  expect([type, flags]).toEqual([16, 0x600]); // RTM_NEWLINK; NLM_F_CREATE, NLM_F_EXCL
  expect(hex(body)).toBe(
    '00000000' +
      '00000000' +
      '01000000' +
      '01000000' + // struct ifinfomsg: IFF_UP
      '08000300' +
      '62723000' + // IFLA_IFNAME
      '10001280' +
      '0b000100' +
      '6272696467650000' + // IFLA_LINKINFO: kind bridge
      '0a000100' +
      '0200000000010000', // IFLA_ADDRESS
  );
});

test('a veth pair with its peer in another namespace', () => {
  const peer = { name: 'eth0', namespaceFd: 5, settings: {} };
  const { flags, body } = newVeth('v0', { master: 4, up: true }, peer);
  expect(flags).toBe(0x600); // NLM_F_CREATE, NLM_F_EXCL
  expect(hex(body)).toBe(
    '00000000' +
      '00000000' +
      '01000000' +
      '01000000' +
      '07000300' +
      '76300000' + // IFLA_IFNAME
      '08000a00' +
      '04000000' + // IFLA_MASTER
      '3c001280' +
      '09000100' +
      '7665746800000000' + // IFLA_LINKINFO: kind veth
      '2c000280' +
      '28000180' + // IFLA_INFO_DATA, VETH_INFO_PEER
      '00000000000000000000000000000000' + // struct ifinfomsg
      '09000300' +
      '6574683000000000' + // IFLA_IFNAME
      '08001c00' +
      '05000000', // IFLA_NET_NS_FD
  );
});

test.each([undefined, {}, { hairpin: undefined }])(
  'a setting that is undefined is none, port: %p',
  (port) => {
    const { body, operation } = setLink('v0', { mac: undefined, mtu: 1400, port, up: undefined });
    expect(hex(body)).toBe(
      '00'.repeat(16) + // struct ifinfomsg
        '07000300' +
        '76300000' + // IFLA_IFNAME
        '08000400' +
        '78050000', // IFLA_MTU
    );
    expect(operation).toContain('mtu');
    expect(operation).not.toContain('mac');
  },
);

test('a link gets a new name by its index', () => {
  const { body } = setLink({ index: 7, name: 'v0' }, { name: 'v1', up: true });
  expect(hex(body)).toBe(
    '00000000' +
      '07000000' +
      '01000000' +
      '01000000' + // struct ifinfomsg: index, IFF_UP
      '07000300' +
      '76310000', // IFLA_IFNAME
  );
});

test('how a bridge treats a port', () => {
  const { body } = setLink('v0', { alias: 'whose', group: 7, port: { hairpin: true, isolated: false } });
  expect(hex(body)).toBe(
    '00'.repeat(16) + // struct ifinfomsg
      '07000300' +
      '76300000' + // IFLA_IFNAME
      '0a001400' +
      '77686f7365000000' + // IFLA_IFALIAS
      '08001b00' +
      '07000000' + // IFLA_GROUP
      '24001280' + // IFLA_LINKINFO
      '0b000400' +
      '6272696467650000' + // IFLA_INFO_SLAVE_KIND: bridge
      '14000580' + // IFLA_INFO_SLAVE_DATA
      '05000400' +
      '01000000' + // IFLA_BRPORT_MODE
      '05002100' +
      '00000000', // IFLA_BRPORT_ISOLATED
  );
});

test("a port's further settings, and how they are read", () => {
  const port = { learning: false, proxyArp: true, neighSuppress: true, groupFwdMask: 0x4000 };
  const settings =
    '05000800' +
    '00000000' + // IFLA_BRPORT_LEARNING
    '05000a00' +
    '01000000' + // IFLA_BRPORT_PROXYARP
    '05002000' +
    '01000000' + // IFLA_BRPORT_NEIGH_SUPPRESS
    '06001f00' +
    '00400000'; // IFLA_BRPORT_GROUP_FWD_MASK
  const { body } = setLink('v0', { port });
  expect(hex(body)).toBe(
    '00'.repeat(16) + // struct ifinfomsg
      '07000300' +
      '76300000' + // IFLA_IFNAME
      '34001280' + // IFLA_LINKINFO
      '0b000400' +
      '6272696467650000' + // IFLA_INFO_SLAVE_KIND: bridge
      '24000580' + // IFLA_INFO_SLAVE_DATA
      settings,
  );
  expect(decodePort(new Attributes(bytes(settings)))).toEqual({ ...port, hairpin: false, isolated: false });
  expect(decodePort(noAttributes)).toMatchObject({ learning: false, groupFwdMask: 0 });
});

test('a bridge with the spanning tree protocol', () => {
  const { body } = newBridge('br0', { stp: true, forwardDelayMilliseconds: 2000 });
  expect(hex(body)).toBe(
    '00'.repeat(16) + // struct ifinfomsg
      '08000300' +
      '62723000' + // IFLA_IFNAME
      '24001280' +
      '0b000100' +
      '6272696467650000' + // IFLA_LINKINFO: kind bridge
      '14000280' + // IFLA_INFO_DATA
      '08000100' +
      'c8000000' + // IFLA_BR_FORWARD_DELAY
      '08000500' +
      '01000000', // IFLA_BR_STP_STATE
  );
});

test('a static forwarding entry', () => {
  const { type, flags, body } = newFdbEntry({ index: 7, name: 'v0' }, '02:00:00:00:00:01');
  expect([type, flags]).toEqual([28, 0x400]); // RTM_NEWNEIGH; NLM_F_CREATE
  expect(hex(body)).toBe(
    '07000000' +
      '07000000' +
      '40000400' + // struct ndmsg: AF_BRIDGE, the port, NUD_NOARP, NTF_MASTER
      '0a000200' +
      '0200000000010000', // NDA_LLADDR
  );
});

test('links are deleted by name, or as a group', () => {
  const byName = deleteLink('v0');
  expect([byName.type, hex(byName.body)]).toEqual([17, `${'00'.repeat(16)}0700030076300000`]); // RTM_DELLINK
  expect(hex(deleteGroup(7).body)).toBe(`${'00'.repeat(16)}08001b0007000000`); // IFLA_GROUP
});

test('a link is decoded with every attribute in use', () => {
  const header = bytes('0000' + '0100' + '07000000' + '43100000' + '00000000'); // ARPHRD_ETHER, index, IFF_*
  const body = concat([
    header,
    attribute(3, text('v0')), // IFLA_IFNAME
    attribute(1, bytes('0200000000 0a')), // IFLA_ADDRESS
    attribute(4, u32(1400)), // IFLA_MTU
    attribute(5, u32(2)), // IFLA_LINK
    attribute(10, u32(4)), // IFLA_MASTER
    attribute(16, bytes('06')), // IFLA_OPERSTATE: IF_OPER_UP
    attribute(20, text('whose')), // IFLA_IFALIAS
    attribute(27, u32(5)), // IFLA_GROUP
    nested(
      18, // IFLA_LINKINFO
      attribute(1, text('veth')), // IFLA_INFO_KIND
      attribute(4, text('bridge')), // IFLA_INFO_SLAVE_KIND
      nested(5, attribute(1, bytes('03'))), // IFLA_INFO_SLAVE_DATA, IFLA_BRPORT_STATE: BR_STATE_FORWARDING
    ),
  ]);
  expect(decodeLink({ body })).toEqual({
    index: 7,
    name: 'v0',
    kind: 'veth',
    mac: '02:00:00:00:00:0a',
    mtu: 1400,
    flags: 0x1043,
    master: 4,
    peer: 2,
    alias: 'whose',
    group: 5,
    operational: true,
    portState: 'forwarding',
    forwardDelayMilliseconds: 0,
    vlanFiltering: undefined,
    takesPortMac: false,
    defaultVlan: 0,
  });
});

test('a veth without IFLA_LINK has a peer of its own index: Linux before 5.2 leaves it out then', () => {
  const link = (kind: string) =>
    decodeLink({
      body: concat([
        bytes('0000' + '0100' + '07000000' + '00000000' + '00000000'), // ARPHRD_ETHER, index
        nested(18, attribute(1, text(kind))), // IFLA_LINKINFO, IFLA_INFO_KIND
      ]),
    });
  expect([link('veth').peer, link('bridge').peer]).toEqual([7, 0]);
});

test('how long a port of a bridge with the spanning tree protocol waits', () => {
  const bridge = (stp: number) =>
    decodeLink({
      body: concat([
        new Uint8Array(16),
        nested(
          18, // IFLA_LINKINFO
          attribute(1, text('bridge')),
          nested(2, attribute(1, u32(1500)), attribute(5, u32(stp))), // IFLA_BR_FORWARD_DELAY, IFLA_BR_STP_STATE
        ),
      ]),
    }).forwardDelayMilliseconds;
  expect([bridge(0), bridge(1)]).toEqual([0, 15_000]);
});

test('a link shorter than its header is refused in words', () => {
  expect(() => decodeLink({ body: new Uint8Array(3) })).toThrow(ProtocolError);
});
