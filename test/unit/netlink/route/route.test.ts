import { Connection } from '../../../../netlink/connection.ts';
import { ProtocolError } from '../../../../netlink/error.ts';
import { family } from '../../../../netlink/ip.ts';
import { listRoutes, newRoute } from '../../../../netlink/route/route.ts';
import { bytes, cidr, concat, hex, kernel, message, u32 } from '../../../support/netlink.ts';

test('a default route through a gateway', () => {
  const gateway = cidr('10.15.20.1/32').ip;
  const { flags, body } = newRoute(
    { index: 2, name: 'eth0' },
    { dst: cidr('0.0.0.0/0'), gateways: [gateway] },
  );
  expect(flags).toBe(0x400); // NLM_F_CREATE
  expect(hex(body)).toBe(
    '02000000' +
      'fe030001' +
      '00000000' + // struct rtmsg: AF_INET; RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST; flags
      '08000400' +
      '02000000' + // RTA_OIF
      '08000500' +
      '0a0f1401' + // RTA_GATEWAY
      '08000f00' +
      'fe000000', // RTA_TABLE
  );
});

const several = {
  dst: cidr('10.1.0.0/16'),
  gateways: [cidr('10.15.20.1/32').ip, cidr('10.15.20.2/32').ip],
  mtu: 1400,
  priority: 7,
  table: 300,
};

test('a route through several gateways, in a table of its own', () => {
  const { body, object } = newRoute({ index: 2, name: 'eth0' }, several);
  expect(hex(body)).toBe(
    '02100000' +
      'fc030001' +
      '00000000' + // struct rtmsg: AF_INET, 16 bits; RT_TABLE_COMPAT, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST
      '08000100' +
      '0a010000' + // RTA_DST
      '24000900' + // RTA_MULTIPATH
      '1000000002000000' + // struct rtnexthop: 16 bytes, index 2
      '08000500' +
      '0a0f1401' + // RTA_GATEWAY
      '1000000002000000' +
      '08000500' +
      '0a0f1402' +
      '08000f00' +
      '2c010000' + // RTA_TABLE
      '08000600' +
      '07000000' + // RTA_PRIORITY
      '0c000880' + // RTA_METRICS
      '08000200' +
      '78050000', // RTAX_MTU
  );
  expect(object).toBe('10.1.0.0/16 via 10.15.20.1 via 10.15.20.2 dev eth0');
});

/** What a kernel with these routes tells. */
function routes(...bodies: Uint8Array[]) {
  const told = bodies.map((body) => message(24, 2, 1, body)); // RTM_NEWROUTE
  const connection = new Connection(kernel(concat([...told, message(3, 2, 1, u32(0))])));
  return listRoutes(connection, family.ipv4);
}

test('routes are read as they were made', () => {
  const { body } = newRoute({ index: 2, name: 'eth0' }, several);
  expect(routes(body)).toEqual([
    {
      dst: '10.1.0.0/16',
      gateways: ['10.15.20.1', '10.15.20.2'],
      table: 300,
      priority: 7,
      mtu: 1400,
      advmss: 0,
      link: 0,
    },
  ]);
});

test.each([
  ['shorter than its struct', '0400'],
  ['longer than the rest', '0c00'],
])('a next hop %s breaks the protocol', (_how, length) => {
  const multipath = `0c000900${length}000002000000`; // RTA_MULTIPATH, struct rtnexthop
  expect(() => routes(bytes(`02000000fe03000100000000${multipath}`))).toThrow(ProtocolError);
});
