import { Connection } from '../../../../netlink/connection.ts';
import { family } from '../../../../netlink/ip.ts';
import { newRoute } from '../../../../netlink/route/route.ts';
import { listRouteExits } from '../../../../netlink/route/route-exits.ts';
import { bytes, cidr, concat, kernel, message, u32 } from '../../../support/netlink.ts';

const [first, second] = [cidr('192.0.2.1/32').ip, cidr('192.0.2.2/32').ip];
const eth0 = { index: 2, name: 'eth0' };
const wg0 = { index: 3, name: 'wg0' };

/** What a kernel with these routes tells. */
function exits(...bodies: Uint8Array[]) {
  const told = bodies.map((body) => message(24, 2, 1, body)); // RTM_NEWROUTE
  const connection = new Connection(kernel(concat([...told, message(3, 2, 1, u32(0))])));
  return listRouteExits(connection, family.ipv4);
}

test('the link of each route and next hop is told, with the route’s own MTU', () => {
  const [anywhere, pods] = [cidr('0.0.0.0/0'), cidr('10.9.0.0/16')];
  const plain = { dst: undefined, isMain: true, mtu: 0 };
  expect(
    exits(
      newRoute(eth0, { dst: anywhere, gateways: [first], mtu: 1400 }).body,
      newRoute(eth0, { dst: anywhere, gateways: [first, second] }).body,
      newRoute(wg0, { dst: anywhere, table: 51820 }).body,
      newRoute(wg0, { dst: pods }).body,
    ),
  ).toEqual([
    { ...plain, index: 2, mtu: 1400 },
    { ...plain, index: 2 },
    { ...plain, index: 2 },
    { ...plain, index: 3, isMain: false },
    { ...plain, index: 3, dst: pods },
  ]);
});

test('a route that leads nowhere has none', () => {
  expect(exits(bytes('02000000 fe030006 00000000'))).toEqual([]); // a blackhole
});
