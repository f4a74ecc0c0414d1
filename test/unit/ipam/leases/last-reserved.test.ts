import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

test('a shorter address replaces a longer one in last_reserved_ip', () => {
  net.write('last_reserved_ip.0', '10.1.2.6'.padEnd(40, ' '));
  expect(net.add('a')).toEqual(['10.1.2.2/29']);
  expect(net.read('last_reserved_ip.0')).toBe('10.1.2.2');
});

test.each(['', 'nonsense', '192.0.2.1', '10.1.2.300', 'fd00::1'])(
  'a last_reserved_ip of "%s" does no harm',
  (content) => {
    net.add('a');
    net.write('last_reserved_ip.0', content);
    expect(net.add('b')).toEqual(['10.1.2.3/29']);
  },
);

test('a last_reserved_ip that is a directory or a link, which is not followed, does no harm', () => {
  mkdirSync(`${net.directory}/last_reserved_ip.0`, { recursive: true });
  symlinkSync(`${net.dataDir}/elsewhere`, `${net.directory}/last_reserved_ip.1`);
  const ranges = [[{ subnet: 'fd00::/64' }]];
  expect(net.add('a', { ranges })).toEqual(['10.1.2.2/29', 'fd00::2/64']);
  expect(existsSync(`${net.dataDir}/elsewhere`)).toBe(false);
  expect(net.warnings).toHaveLength(2);
});
