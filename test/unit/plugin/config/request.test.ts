import { parseResult } from '../../../../cni/parse-result.ts';
import { formatResult } from '../../../../cni/print-result.ts';
import { NetlinkError } from '../../../../netlink/error.ts';
import { abbreviate, ownerLabel } from '../../../../plugin/attach/owner.ts';
import { Undo } from '../../../../plugin/attach/undo.ts';
import { readArguments } from '../../../../plugin/config/arguments.ts';
import { readRequest } from '../../../../plugin/config/request.ts';
import { formatError } from '../../../../plugin/print-error.ts';

const env = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/n',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/p',
};

test('a request is read from the environment', () => {
  expect(readRequest(env)).toMatchObject({ command: 'ADD', containerID: 'c1', netns: '/n', ifname: 'eth0' });
  expect(readRequest({ ...env, CNI_COMMAND: 'DEL', CNI_NETNS: undefined }).netns).toBe('');
  expect(readRequest({ ...env, CNI_VERSION: '0.1.0' }).resultVersion).toBe('0.1.0');
  expect(readRequest({ ...env, CNI_VERSION: '1.0.0' }).resultVersion).toBeUndefined();
});

test('all missing variables are named at once', () => {
  expect(() => readRequest({ CNI_COMMAND: 'ADD' })).toThrow(
    'required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH] missing',
  );
});

test.each(['', '.', '..', 'a/b', 'a b', 'a:b', 'sixteen-bytes-xx', 'ééééééééx'])(
  '"%s" is no interface name',
  (CNI_IFNAME) => {
    expect(() => readRequest({ ...env, CNI_IFNAME })).toThrow('CNI_IFNAME');
  },
);

test('CNI_ARGS', () => {
  expect(readArguments('IgnoreUnknown=1;FOO=bar;MAC=02:00:00:00:00:01;IP=10.0.0.2,fd00::2')).toEqual({
    mac: '02:00:00:00:00:01',
    ips: ['10.0.0.2', 'fd00::2'],
  });
  expect(readArguments('K8S_POD_NAME=x')).toEqual({ mac: undefined, ips: [] });
  expect(() => readArguments('FOO=bar')).toThrow('unknown keys FOO');
  expect(() => readArguments('FOO')).toThrow('"FOO" is no K=V pair');
});

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

test('a refusal by the kernel says what to do about it', () => {
  const error = new NetlinkError({ type: 16, operation: 'create bridge', object: 'br0' }, 1);
  expect(JSON.parse(formatError(error, '1.0.0'))).toEqual({
    cniVersion: '1.0.0',
    code: 999,
    msg: 'cannot create bridge br0',
    details: 'EPERM: CAP_NET_ADMIN is needed',
  });
});

test('steps are undone last first, and one that fails does not stop the others', () => {
  const undo = new Undo();
  const taken: string[] = [];
  const warnings: string[] = [];
  undo.register('first', () => taken.push('first'));
  undo.register('second', () => {
    throw new Error('no');
  });
  undo.register('third', () => taken.push('third'));
  undo.run((line) => warnings.push(line));
  expect(taken).toEqual(['third', 'first']);
  expect(warnings).toEqual(['could not undo second: no']);
});

test('labels fit the kernel’s bounds and still tell attachments apart', () => {
  const long = { network: 'n'.repeat(200), containerID: 'c'.repeat(300), ifname: 'fifteen-bytes-x' };
  expect(ownerLabel({ network: 'n', containerID: 'c', ifname: 'eth0' })).toBe('cni n c eth0');
  expect(ownerLabel(long).length).toBeLessThan(250);
  expect(ownerLabel(long)).not.toBe(ownerLabel({ ...long, containerID: `${long.containerID}c` }));
  expect(abbreviate('short', 10)).toBe('short');
});
