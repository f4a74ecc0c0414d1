import { Connection } from '../../../../netlink/connection.ts';
import { ProtocolError } from '../../../../netlink/error.ts';
import { getFdbEntry } from '../../../../netlink/route/bridge-fdb.ts';
import { findLinks } from '../../../../netlink/route/link.ts';
import { type LinkFilter, listLinks, listPorts } from '../../../../netlink/route/link-list.ts';
import { answer, attribute, concat, hex, message, nested, text, u32 } from '../../../support/netlink.ts';

/** What the kernel tells of a link, as far as a listing looks at it. */
interface Told {
  readonly index: number;
  readonly name: string;
  readonly kind?: string;
  readonly alias?: string;
  readonly group?: number;
  readonly master?: number;
  readonly peer?: number;
}

function link({ index, name, kind, alias, group = 0, master, peer }: Told): Uint8Array {
  const header = new Uint8Array(16);
  header[4] = index;
  return concat([
    header,
    attribute(3, text(name)), // IFLA_IFNAME
    attribute(13, u32(1000)), // IFLA_TXQLEN, which nobody asks for
    attribute(27, u32(group)), // IFLA_GROUP
    ...(peer === undefined ? [] : [attribute(5, u32(peer))]), // IFLA_LINK
    ...(master === undefined ? [] : [attribute(10, u32(master))]), // IFLA_MASTER
    ...(alias === undefined ? [] : [attribute(20, text(alias))]), // IFLA_IFALIAS
    ...(kind === undefined ? [] : [nested(18, attribute(1, text(kind)), nested(2))]),
  ]);
}

/** A kernel that answers each dump with these links, or with these bodies. */
function host(...links: (Told | Uint8Array)[]): { connection: Connection; sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  const queue: Uint8Array[] = [];
  const connection = new Connection({
    send(datagram) {
      sent.push(datagram);
      const sequence = sent.length;
      const bodies = links.map((one) => (one instanceof Uint8Array ? one : link(one)));
      // RTM_NEWLINK, then NLMSG_DONE; NLM_F_MULTI
      queue.push(concat(bodies.map((body) => message(16, 2, sequence, body))));
      queue.push(message(3, 2, sequence, u32(0)));
    },
    receive: () => queue.shift() ?? new Uint8Array(),
    close() {},
  });
  return { connection, sent };
}

const bridge = { index: 2, name: 'br0', kind: 'bridge' };
const ours = {
  index: 7,
  name: 'veth1',
  kind: 'veth',
  alias: 'cni lab c1 eth0',
  master: 2,
  peer: 2,
  group: 5,
};
const others = { index: 8, name: 'veth2', kind: 'veth', alias: 'cni lab c2 eth0', master: 3, peer: 2 };
const named = (filter: LinkFilter, ...links: Told[]) =>
  listLinks(host(...links).connection, filter, ({ name }) => name);

describe('a listing', () => {
  test.each<[string, LinkFilter, string]>([
    ['of all links', {}, ''],
    ['of the ports of a bridge', { master: 2 }, '08000a00' + '02000000'],
    ['of a kind', { kind: 'veth' }, '10001280' + '09000100' + '7665746800000000'],
  ])('%s asks for no statistics, and for no others', (_what, filter, bytes) => {
    const { connection, sent } = host();
    listLinks(connection, filter, () => undefined);
    // struct ifinfomsg; IFLA_EXT_MASK with RTEXT_FILTER_SKIP_STATS
    const body = ['00'.repeat(16), '08001d00', '08000000', bytes].join('');
    const length = (16 + body.length / 2).toString(16);
    // RTM_GETLINK; NLM_F_REQUEST and NLM_F_DUMP
    expect(sent.map((datagram) => hex(datagram))).toEqual([
      [`${length}000000`, '1200', '0103', '01000000', '00000000', body].join(''),
    ]);
  });

  test('tells of a link what is asked', () => {
    const { connection } = host(bridge, ours);
    expect(
      listLinks(connection, {}, ({ index, name, alias, group, master, peer, kind }) => ({
        index,
        name,
        alias,
        group,
        master,
        peer,
        kind,
      })),
    ).toEqual([{ ...bridge, alias: '', group: 0, master: 0, peer: 0 }, ours]);
  });

  test('collects what is wanted', () => {
    const { connection } = host(bridge, ours, others);
    expect(
      listLinks(connection, {}, ({ alias, index }) => (alias === ours.alias ? index : undefined)),
    ).toEqual([7]);
  });

  test('leaves out what a kernel lets pass that takes no notice of the filter', () => {
    expect(named({ master: 2 }, bridge, ours, others)).toEqual(['veth1']);
    expect(named({ kind: 'veth' }, bridge, { index: 1, name: 'lo' }, ours, others)).toEqual([
      'veth1',
      'veth2',
    ]);
    expect(listPorts(host(bridge, ours, others).connection, { index: 3 })).toEqual([8]);
  });

  test.each([
    ['an attribute that is longer than the message', '0001' + '0300'],
    ['an attribute that is shorter than its header', '0300' + '0300'],
  ])('refuses %s', (_what, bytes) => {
    const { connection } = host(Uint8Array.from(Buffer.from('00'.repeat(16) + bytes, 'hex')));
    expect(() => listLinks(connection, {}, ({ alias }) => alias)).toThrow(ProtocolError);
  });
});

test('links are asked for by name and by index, all at once', () => {
  const sent: Uint8Array[] = [];
  const queue: Uint8Array[] = [];
  const connection = new Connection({
    send(datagram) {
      sent.push(datagram);
      queue.push(message(16, 0, 1, link(ours)), answer(2, 19));
    },
    receive: () => queue.shift() ?? new Uint8Array(),
    close() {},
  });
  expect(findLinks(connection, ['veth1', 9])).toMatchObject([{ index: 7, name: 'veth1', alias: ours.alias }]);
  const mask = '08001d00' + '08000000'; // IFLA_EXT_MASK: RTEXT_FILTER_SKIP_STATS
  expect(sent.map((datagram) => hex(datagram))).toEqual([
    '34000000' +
      '1200' + // RTM_GETLINK
      '0100' + // NLM_F_REQUEST
      '01000000' +
      '00000000' +
      '00'.repeat(16) + // struct ifinfomsg
      mask +
      '0a000300' +
      '766574683100' + // IFLA_IFNAME
      '0000' +
      '28000000' +
      '1200' +
      '0100' +
      '02000000' +
      '00000000' +
      '00000000' +
      '09000000' + // struct ifinfomsg: index
      '00'.repeat(8) +
      mask,
  ]);
});

test("a bridge is asked for a port by the port's address", () => {
  const { type, flags, body } = getFdbEntry({ index: 2, name: 'br0' }, '02:00:00:00:00:09');
  // RTM_GETNEIGH; struct ndmsg; NDA_LLADDR, NDA_MASTER
  expect([type, flags, hex(body)]).toEqual([
    30,
    0,
    ['07', '00'.repeat(11), '0a000200', '0200000000090000', '08000900', '02000000'].join(''),
  ]);
});
