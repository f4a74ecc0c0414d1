import { readArguments } from '../../../../plugin/config/arguments.ts';

test('CNI_ARGS: what is known is read, what is unknown is refused unless IgnoreUnknown is set', () => {
  expect(readArguments('IgnoreUnknown=1;FOO=bar;MAC=02:00:00:00:00:01;IP=10.0.0.2,fd00::2')).toEqual({
    mac: '02:00:00:00:00:01',
    ips: ['10.0.0.2', 'fd00::2'],
  });
  expect(readArguments('K8S_POD_NAME=x')).toEqual({ mac: undefined, ips: [] });
  expect(() => readArguments('FOO=bar')).toThrow('unknown keys FOO');
  expect(() => readArguments('FOO')).toThrow('"FOO" is not K=V');
});
