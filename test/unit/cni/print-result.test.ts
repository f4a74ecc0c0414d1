import { parseResult } from '../../../cni/parse-result.ts';
import { formatResult } from '../../../cni/print-result.ts';

const result = parseResult({
  cniVersion: '1.0.0',
  interfaces: [{ name: 'br0', mac: '02:00:00:00:00:01' }],
  ips: [{ address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 0 }],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00::1' }],
  dns: {},
});

test('a result in the oldest shape has the routes of its family', () => {
  expect(JSON.parse(formatResult(result, '0.2.0'))).toEqual({
    cniVersion: '0.2.0',
    ip4: { ip: '10.0.0.2/24', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0' }] },
    dns: {},
  });
});

test('a result is indented by four spaces and ends without a newline, as in Go', () => {
  expect(formatResult({ ...result, routes: [], interfaces: [] }, '0.4.0')).toBe(`{
    "cniVersion": "0.4.0",
    "ips": [
        {
            "version": "4",
            "interface": 0,
            "address": "10.0.0.2/24",
            "gateway": "10.0.0.1"
        }
    ],
    "dns": {}
}`);
});
