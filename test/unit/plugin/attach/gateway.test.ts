import type { IPConfig, Route } from '../../../../cni/result.ts';
import { formatCIDR, formatIP, parseCIDR, parseIP } from '../../../../netlink/ip.ts';
import { withGateways } from '../../../../plugin/attach/gateway.ts';

function cidr(text: string): IPConfig['address'] {
  const parsed = parseCIDR(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function route(dst: string, gw?: string): Route {
  const gateway = gw === undefined ? undefined : parseIP(gw);
  return gateway === undefined ? { dst: cidr(dst) } : { dst: cidr(dst), gw: gateway };
}

/** Gateways and routes of a result with these addresses and routes. */
function completed(
  flags: { isGateway: boolean; isDefaultGateway: boolean },
  addresses: readonly string[],
  routes: readonly Route[] = [],
): { gateways: string[]; routes: string[] } {
  const ips = addresses.map((text) => ({ address: cidr(text) }));
  const result = withGateways({ interfaces: [], ips, routes, dns: {} }, flags);
  return {
    gateways: result.ips.map(({ gateway }) => (gateway === undefined ? '' : formatIP(gateway))),
    routes: result.routes.map(
      ({ dst, gw }) => `${formatCIDR(dst)}${gw === undefined ? '' : ` via ${formatIP(gw)}`}`,
    ),
  };
}

const dual = ['10.15.20.2/24', 'fd00:15:20::2/64'];

test('without isGateway a result stays as it is', () => {
  expect(completed({ isGateway: false, isDefaultGateway: false }, dual)).toEqual({
    gateways: ['', ''],
    routes: [],
  });
});

test("with isGateway the gateway is the subnet's first address", () => {
  expect(completed({ isGateway: true, isDefaultGateway: false }, dual)).toEqual({
    gateways: ['10.15.20.1', 'fd00:15:20::1'],
    routes: [],
  });
});

test('with isDefaultGateway each family has a default route', () => {
  const { routes } = completed({ isGateway: true, isDefaultGateway: true }, dual);
  expect(routes).toEqual(['0.0.0.0/0 via 10.15.20.1', '::/0 via fd00:15:20::1']);
});

test('a default route with a gateway of its own stays the only one of its family', () => {
  const flags = { isGateway: true, isDefaultGateway: true };
  const own = [route('0.0.0.0/0', '10.15.20.9'), route('::/0')];
  expect(completed(flags, dual, own).routes).toEqual([
    '0.0.0.0/0 via 10.15.20.9',
    '::/0',
    '::/0 via fd00:15:20::1',
  ]);
});
