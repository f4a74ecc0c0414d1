import { Connection } from '../../../../netlink/connection.ts';
import { family } from '../../../../netlink/ip.ts';
import { listDefaultRoutes } from '../../../../netlink/route/default-route.ts';
import { newRoute } from '../../../../netlink/route/route.ts';
import { bytes, cidr, concat, kernel, message, u32 } from '../../../support/netlink.ts';

const [first, second] = [cidr('192.0.2.1/32').ip, cidr('192.0.2.2/32').ip];
const eth0 = { index: 2, name: 'eth0' };

/** What a kernel with these routes tells. */
function routes(...bodies: Uint8Array[]) {
  const told = bodies.map((body) => message(24, 2, 1, body)); // RTM_NEWROUTE
  const connection = new Connection(kernel(concat([...told, message(3, 2, 1, u32(0))])));
  return listDefaultRoutes(connection, family.ipv4);
}

test('every next hop of a default route is told', () => {
  const dst = cidr('0.0.0.0/0');
  expect(
    routes(
      newRoute(eth0, { dst, gateways: [first] }).body,
      newRoute({ index: 3, name: 'wg0' }, { dst }).body,
      newRoute(eth0, { dst, gateways: [first, second] }).body,
    ),
  ).toEqual([
    { index: 2, gateway: first },
    { index: 3, gateway: undefined },
    { index: 2, gateway: first },
    { index: 2, gateway: second },
  ]);
});

test('other routes, tables and types are passed over', () => {
  expect(
    routes(
      newRoute(eth0, { dst: cidr('10.0.0.0/8'), gateways: [first] }).body,
      newRoute(eth0, { dst: cidr('0.0.0.0/0'), gateways: [first], table: 300 }).body,
      bytes('02000000 fe030007 00000000'), // an unreachable one
    ),
  ).toEqual([]);
});
