import { readRequest } from '../../../../plugin/config/request.ts';

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
  '"%s" is not an interface name',
  (CNI_IFNAME) => {
    expect(() => readRequest({ ...env, CNI_IFNAME })).toThrow('CNI_IFNAME');
  },
);
