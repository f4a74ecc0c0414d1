import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

describe('it is refused, and not followed:', () => {
  test('a link in the place of a lease', () => {
    net.add('a');
    symlinkSync('/etc/hostname', `${net.directory}/10.1.2.3`);
    expect(errorOf(() => net.add('b'))).toEqual({
      code: 5,
      msg: `cannot use ${net.directory}/10.1.2.3`,
      details: 'it is a symbolic link, which is not followed',
    });
    expect(errorOf(() => net.add('b', { requestedIPs: ['10.1.2.3'] })).code).toBe(5);
    expect(net.del('a')).toEqual(['10.1.2.2']);
    expect(net.leased()).toEqual(['10.1.2.3']);
  });

  test.each(['lock', '.attachments'])('a link in the place of %s', (name) => {
    mkdirSync(net.directory);
    mkdirSync(`${net.dataDir}/elsewhere`);
    symlinkSync(`${net.dataDir}/elsewhere`, `${net.directory}/${name}`);
    expect(errorOf(() => net.add('a'))).toMatchObject({
      code: 5,
      msg: expect.stringContaining(`${net.directory}/${name}`),
      details: expect.stringContaining('not followed'),
    });
    expect(readdirSync(`${net.dataDir}/elsewhere`)).toEqual([]);
    expect(net.leased()).toEqual([]);
  });

  test('a link in the place of a bucket of the index', () => {
    net.add('a');
    mkdirSync(`${net.dataDir}/elsewhere`);
    const [bucket] = readdirSync(`${net.directory}/.attachments`);
    rmSync(`${net.directory}/.attachments/${bucket}`, { recursive: true });
    symlinkSync(`${net.dataDir}/elsewhere`, `${net.directory}/.attachments/${bucket}`);
    expect(errorOf(() => net.add('a')).details).toContain('not followed');
    expect(readdirSync(`${net.dataDir}/elsewhere`)).toEqual([]);
  });

  test('a link in the place of the directory', () => {
    mkdirSync(`${net.dataDir}/elsewhere`);
    symlinkSync('elsewhere', net.directory);
    expect(errorOf(() => net.add('a')).details).toContain('not followed');
  });

  test('a file in the place of dataDir', () => {
    const dataDir = `${net.dataDir}/file`;
    writeFileSync(dataDir, '');
    expect(errorOf(() => net.add('a', { dataDir }))).toEqual({
      code: 5,
      msg: `cannot create lease directory ${dataDir}/net`,
      details: 'ENOTDIR',
    });
    expect(net.del('a', { dataDir })).toEqual([]);
  });
});

test.each(['', ' \r\n', '\0\0\0\0\0\0'])('a file that names no container is not a lease: %j', (content) => {
  net.write('10.1.2.2', content);
  expect(net.find('c1')).toEqual([]);
  net.write('10.1.2.2', content);
  expect(net.add('a')).toEqual(['10.1.2.2/29']);
  const line = `reclaimed ${net.directory}/10.1.2.2: it names no container`;
  expect(net.warnings).toEqual([line, line]);
});
