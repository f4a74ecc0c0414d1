import { readArguments, withoutUnknown } from '../../../../plugin/config/arguments.ts';

test('CNI_ARGS: what is known is read, what is unknown is refused unless IgnoreUnknown is set', () => {
  expect(readArguments('IgnoreUnknown=1;FOO=bar;MAC=02:00:00:00:00:01;IP=10.0.0.2,fd00::2')).toEqual({
    mac: '02:00:00:00:00:01',
    hostInterfaceName: undefined,
    ips: ['10.0.0.2', 'fd00::2'],
    pod: '',
  });
  expect(readArguments('K8S_POD_NAME=x')).toEqual({
    mac: undefined,
    hostInterfaceName: undefined,
    ips: [],
    pod: '',
  });
  expect(readArguments('HOST_INTERFACE_NAME=web0').hostInterfaceName).toBe('web0');
  expect(() => readArguments('FOO=bar')).toThrow('unknown keys FOO');
  expect(() => readArguments('FOO')).toThrow('"FOO" is not K=V');
});

test.each([
  ['K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0', 'default/web-0'],
  ['K8S_POD_NAMESPACE=default', ''],
  ['K8S_POD_NAMESPACE=a b;K8S_POD_NAME=web-0', ''],
  ['K8S_POD_NAMESPACE=default;K8S_POD_NAME=web\u001b[2J', ''],
])('the pod of %s is "%s"', (text, pod) => {
  expect(readArguments(text).pod).toBe(pod);
});

test('the values of unknown keys can be left out', () => {
  expect(withoutUnknown('IgnoreUnknown=1;TOKEN=a=b;K8S_POD_NAME=web;X=')).toBe(
    'IgnoreUnknown=1;TOKEN=...;K8S_POD_NAME=web;X=...',
  );
  expect(withoutUnknown('')).toBe('');
});
