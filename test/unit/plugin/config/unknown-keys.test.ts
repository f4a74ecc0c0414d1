import { encodeText } from '../../../../netlink/bytes.ts';
import { noArguments } from '../../../../plugin/config/arguments.ts';
import { readBridgeConfig } from '../../../../plugin/config/bridge-config.ts';
import type { Command } from '../../../../plugin/config/request.ts';

function advice(command: Command, keys: object): readonly string[] {
  const config = { cniVersion: '1.0.0', name: 'n', type: 'bridge', ...keys };
  const request = {
    command,
    containerID: 'c',
    netns: '',
    ifname: 'eth0',
    path: [],
    arguments: noArguments,
    allowOwnNamespace: false,
    resultVersion: undefined,
  };
  return readBridgeConfig(encodeText(JSON.stringify(config)), request).ignored;
}

const hostLocal = { type: 'host-local', subnet: '10.0.0.0/24' };

test('an ADD says which key was probably meant, and where', () => {
  expect(advice('ADD', { isGatewy: true })).toEqual(['isGatewy: unknown, did you mean isGateway?']);
  expect(advice('ADD', { ipam: { ...hostLocal, rangeStrt: '10.0.0.5' } })).toEqual([
    'ipam.rangeStrt: unknown, did you mean rangeStart?',
  ]);
  const ranges = [[{ subnet: '10.0.1.0/24', gatway: '10.0.1.9' }]];
  expect(advice('ADD', { ipam: { type: 'host-local', ranges } })).toEqual([
    'ipam.ranges.gatway: unknown, did you mean gateway?',
  ]);
});

test('nothing is said of keys that are far from any, in any case, or another IPAM plugin’s, nor by other commands', () => {
  expect(advice('ADD', { capabilities: { ips: true }, note: 'x', ISGATEWAY: true })).toEqual([]);
  expect(advice('ADD', { ipam: { type: 'whereabouts', range: '10.0.0.0/24' } })).toEqual([]);
  for (const command of ['DEL', 'CHECK', 'STATUS'] as const)
    expect(advice(command, { isGatewy: true })).toEqual([]);
});
