import { parseResolvConf } from '../../../../ipam/host-local/resolv-conf.ts';

test('nameservers, search domains and options add up, the last domain counts, comments do not', () => {
  const text =
    '# a\n;b\nnameserver 10.0.0.1\n nameserver\tfd00::1 # x\ndomain a.b\nsearch a.b c.d\noptions ndots:2\nsearch\n';
  expect(parseResolvConf(text)).toEqual({
    nameservers: ['10.0.0.1', 'fd00::1'],
    domain: 'a.b',
    search: ['a.b', 'c.d'],
    options: ['ndots:2'],
  });
});
