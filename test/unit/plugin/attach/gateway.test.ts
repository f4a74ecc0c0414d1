import { parseResult } from '../../../../cni/parse-result.ts';
import { formatResult } from '../../../../cni/print-result.ts';
import { withGateways } from '../../../../plugin/attach/gateway.ts';
import { readBridgeConfig } from '../../../../plugin/config/bridge-config.ts';
import { readRequest } from '../../../../plugin/config/request.ts';

const request = readRequest({
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/c1',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/',
});

/** What a configuration makes of the addresses and routes that IPAM answered. */
function completed(options: object, ips: readonly object[], routes: readonly object[] = []) {
  const bytes = new TextEncoder().encode(JSON.stringify({ cniVersion: '1.1.0', name: 'net', ...options }));
  const config = readBridgeConfig(bytes, request);
  const result = withGateways(parseResult({ cniVersion: '1.1.0', ips, routes }), config);
  const printed: { ips: unknown; routes?: unknown } = JSON.parse(formatResult(result, '1.1.0'));
  return { ips: printed.ips, routes: printed.routes ?? [] };
}

const v4 = { address: '10.1.2.7/24' };
const v6 = { address: 'fd00::7/64' };
const gateway4 = { ...v4, gateway: '10.1.2.1' };
const gateway6 = { ...v6, gateway: 'fd00::1' };
const default4 = { dst: '0.0.0.0/0', gw: '10.1.2.1' };
const default6 = { dst: '::/0', gw: 'fd00::1' };

test('without isGateway there is only what IPAM answered', () => {
  expect(completed({}, [v4, gateway6], [default6])).toEqual({ ips: [v4, gateway6], routes: [default6] });
});

test('with isGateway an address without a gateway gets the first of its subnet', () => {
  expect(completed({ isGateway: true }, [v4, v6])).toEqual({ ips: [gateway4, gateway6], routes: [] });
  const ips = [{ address: '10.1.2.200/25' }, { address: '10.1.3.9/31' }];
  expect(completed({ isGateway: true }, ips).ips).toEqual([
    { address: '10.1.2.200/25', gateway: '10.1.2.129' },
    { address: '10.1.3.9/31', gateway: '10.1.3.9' },
  ]);
});

test('a gateway that IPAM answered stays', () => {
  const ips = [{ ...v4, gateway: '10.1.2.254' }];
  expect(completed({ isGateway: true }, ips).ips).toEqual(ips);
});

test('isDefaultGateway implies isGateway, and gives each family a default route, after the others', () => {
  const other = { dst: '198.51.100.0/24', gw: '10.1.2.9' };
  expect(completed({ isDefaultGateway: true }, [v4, v6], [other])).toEqual({
    ips: [gateway4, gateway6],
    routes: [other, default4, default6],
  });
  expect(completed({ isDefaultGateway: true }, [v4]).routes).toEqual([default4]);
});

test('a family has one default route, by the first of its gateways', () => {
  expect(completed({ isDefaultGateway: true }, [v4, { address: '10.9.0.7/24' }]).routes).toEqual([default4]);
});

test('a default route of IPAM with a gateway stands in its place; one without does not', () => {
  const theirs = { dst: '0.0.0.0/0', gw: '10.1.2.254' };
  expect(completed({ isDefaultGateway: true }, [v4, v6], [theirs]).routes).toEqual([theirs, default6]);
  const bare = { dst: '0.0.0.0/0' };
  expect(completed({ isDefaultGateway: true }, [v4], [bare]).routes).toEqual([bare, default4]);
});

test('a metric is for the default routes that have none, of the main table', () => {
  const options = { isDefaultGateway: true, metric: 200 };
  const priority = 200;
  expect(completed(options, [v4, v6]).routes).toEqual([
    { ...default4, priority },
    { ...default6, priority },
  ]);
  const bare = { dst: '0.0.0.0/0' };
  const others = [{ dst: '10.9.0.0/16' }, { ...bare, table: 7 }, { ...default6, priority: 5 }];
  expect(completed(options, [v4, v6], [bare, ...others]).routes).toEqual([
    { ...bare, priority },
    ...others,
    { ...default4, priority },
  ]);
  expect(completed({ ...options, metric: 0 }, [v4]).routes).toEqual([default4]);
});
