import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/16' }));
afterEach(() => jest.restoreAllMocks());

describe('a file system without hard links', () => {
  beforeEach(() => {
    jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('not supported'), { code: 'EPERM' });
    });
  });

  test('has leases all the same', () => {
    expect(['a', 'b'].map((id) => net.add(id)[0])).toEqual(['10.1.0.2/16', '10.1.0.3/16']);
    expect(net.read('10.1.0.2')).toBe('a\r\neth0');
    expect(() => net.add('a')).toThrow('duplicate');
    net.goAdd('go', '10.1.0.9');
    expect(net.del('go')).toEqual(['10.1.0.9']);
    expect(net.del('a')).toEqual(['10.1.0.2']);
    expect(net.leased()).toEqual(['10.1.0.3']);
    expect(() => net.add('c', { requestedIPs: ['10.1.0.3'] })).toThrow('leased to container b');
  });

  test('mixes with an index made where there were some', () => {
    jest.restoreAllMocks();
    net.add('a');
    jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('too many'), { code: 'EMLINK' });
    });
    net.add('b');
    expect([net.find('a'), net.find('b')]).toEqual([['10.1.0.2'], ['10.1.0.3']]);
    expect(net.del('a')).toEqual(['10.1.0.2']);
  });
});

describe('a full disk', () => {
  const full = (): never => {
    throw Object.assign(new Error('full'), { code: 'ENOSPC' });
  };

  test.each(['linkSync', 'renameSync', 'writeSync', 'fsyncSync'] as const)(
    'at %s leaves no lease, and DEL works',
    (call) => {
      net.add('a');
      net.goAdd('go', '10.1.0.9');
      jest.spyOn(fs, call).mockImplementation(full);
      expect(() => net.add('b')).toThrow('ENOSPC');
      expect(net.leased()).toEqual(['10.1.0.2', '10.1.0.9']);
      expect(net.del('go')).toEqual(['10.1.0.9']);
      jest.restoreAllMocks();
      expect([net.find('a'), net.find('b')]).toEqual([['10.1.0.2'], []]);
      expect(net.indexed()).toHaveLength(1);
    },
  );

  test('that takes half a lease leaves none', () => {
    jest.spyOn(fs, 'writeSync').mockImplementation(() => 2);
    expect(() => net.add('a')).toThrow('ENOSPC');
    expect(net.leased()).toEqual([]);
  });
});
