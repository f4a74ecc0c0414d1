import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { hostLocalStatus } from '../../../../ipam/host-local/status.ts';
import { errorOf } from '../../../support/cni-error.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

describe('STATUS', () => {
  const status = (config = {}): void => hostLocalStatus(net.request('', config));

  test('is well before the first ADD and until the range is full', () => {
    status();
    expect(readdirSync(net.dataDir)).toEqual([]);
    for (const id of ['a', 'b', 'c', 'd']) net.add(id);
    status();
    net.add('e');
    expect(errorOf(status)).toMatchObject({
      code: 50,
      msg: expect.stringContaining('5 addresses, 5 leased'),
    });
    net.del('c');
    status();
  });

  test('says what is in the way', () => {
    const dataDir = `${net.dataDir}/file`;
    writeFileSync(dataDir, '');
    expect(errorOf(() => status({ dataDir }))).toEqual({
      code: 50,
      msg: `cannot write ${dataDir}/net`,
      details: `${dataDir} is no folder`,
    });
    expect(errorOf(() => status({ resolvConf: '/nonexistent' })).code).toBe(50);
    expect(errorOf(() => status({ subnet: '10.1.2.0/31' })).code).toBe(7);
    if (process.getuid?.() === 0) return;
    chmodSync(net.dataDir, 0o500);
    expect(errorOf(status).details).toBe('EACCES');
    chmodSync(net.dataDir, 0o700);
  });
});
