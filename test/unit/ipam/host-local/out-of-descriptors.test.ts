import { CniError } from '../../../../cni/error.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const net = useDirectory(new LeaseDirectory({ subnet: '10.1.2.0/29' }));

// What a process loads once, libc among it, is loaded before descriptors are counted.
beforeAll(() => {
  net.add('first');
  net.remove();
});

test('where descriptors run out no lease is left, and the first error is reported', () => {
  const both = { ranges: [[{ subnet: 'fd00::/64' }]] };
  const [open, close, list] = [fs.openSync, fs.closeSync, fs.readdirSync];
  const refused: string[] = [];
  for (let limit = 0; ; limit++) {
    let used = 0;
    const take = (): void => {
      if (used === limit) throw Object.assign(new Error('none left'), { code: 'EMFILE' });
    };
    jest.spyOn(fs, 'openSync').mockImplementation((...args) => {
      take();
      const fd = open(...args);
      used++;
      return fd;
    });
    jest.spyOn(fs, 'closeSync').mockImplementation((fd) => {
      close(fd);
      used--;
    });
    jest.spyOn(fs, 'readdirSync').mockImplementation(((...args: Parameters<typeof list>) => {
      take();
      return list(...args);
    }) as never);
    try {
      net.add('a', both);
      break;
    } catch (error) {
      refused.push(error instanceof CniError ? error.details : String(error));
    } finally {
      jest.restoreAllMocks();
    }
    expect(used).toBe(0);
    expect(net.leased()).toEqual([]);
    expect(net.warnings.filter((line) => line.includes('take back'))).toEqual([]);
  }
  expect(new Set(refused)).toEqual(new Set(['EMFILE']));
  expect(refused.length).toBeGreaterThan(2);
  expect(net.find('a')).toHaveLength(2);
});
