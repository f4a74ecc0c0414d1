import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { hostLocalStatus } from '../../../../ipam/host-local/status.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';
import { errorOf } from '../../support/cni-error.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

describe('STATUS', () => {
  const status = (config = {}): void => hostLocalStatus(net.request('', config));

  test('is well before the first ADD, and with a full range, which a DEL or a GC would mend', () => {
    status();
    expect(readdirSync(net.dataDir)).toEqual([]);
    for (const id of ['a', 'b', 'c', 'd', 'e']) net.add(id);
    expect(() => net.add('f')).toThrow('5 addresses, 5 leased');
    const before = net.leased();
    status();
    status({ reclaimAfterReboot: false });
    expect(net.leased()).toEqual(before);
  });

  test('says what is in the way', () => {
    const dataDir = `${net.dataDir}/file`;
    writeFileSync(dataDir, '');
    expect(errorOf(() => status({ dataDir }))).toEqual({
      code: 50,
      msg: `cannot write ${dataDir}/net`,
      details: `${dataDir} is not a directory`,
    });
    expect(errorOf(() => status({ resolvConf: '/nonexistent' })).code).toBe(50);
    expect(errorOf(() => status({ subnet: '10.1.2.0/31' })).code).toBe(7);
    expect(errorOf(() => status({ routes: [{ dst: 'x' }] })).code).toBe(7);
    if (process.getuid?.() === 0) return;
    chmodSync(net.dataDir, 0o500);
    expect(errorOf(status).details).toBe('EACCES');
    chmodSync(net.dataDir, 0o700);
  });
});
