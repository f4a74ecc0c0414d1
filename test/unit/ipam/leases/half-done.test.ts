import { linkSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { checkLeases } from '../../../../ipam/host-local/host-local.ts';
import { placeOf } from '../../../../ipam/leases/attachment-index.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/16', ranges: [[{ subnet: 'fd00::/64' }]] }));

describe('what an ADD that was killed between two leases left', () => {
  /** The second lease has its name, and no entry yet. */
  beforeEach(() => {
    net.add('x');
    net.add('ours');
    net.goAdd('go', '10.1.0.9');
    const { bucket, digits } = placeOf('x');
    const directory = `${net.directory}/.attachments/${bucket}`;
    const entry = readdirSync(directory).find((name) => name.startsWith(digits) && name.endsWith('fd00::2'));
    renameSync(`${directory}/${entry}`, `${net.directory}/.attachments/draft`);
  });

  test('goes with its DEL', () => {
    expect(net.find('x')).toEqual(['10.1.0.2', 'fd00::2']);
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after that of another', () => {
    expect(net.del('ours')).toHaveLength(2);
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after an ADD', () => {
    net.add('y');
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after a CHECK that took an entry out of the same directory', () => {
    const neighbour = Array.from({ length: 5000 }, (_, index) => `n${index}`).find(
      (id) => placeOf(id).bucket === placeOf('x').bucket,
    );
    const { bucket, digits } = placeOf(neighbour ?? '');
    net.write('10.1.0.20', `${neighbour}\r\neth0`);
    for (const address of ['10.1.0.20', '10.1.0.21']) {
      linkSync(
        `${net.directory}/10.1.0.20`,
        `${net.directory}/.attachments/${bucket}/${digits}.seen-00000000.${address}`,
      );
    }
    checkLeases(net.request(neighbour ?? ''));
    expect(net.indexed().filter((name) => name.includes('00000000'))).toHaveLength(1);
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });

  test('goes with its DEL after a GC', () => {
    gcLeases(net.request(''), [{ containerID: 'x', ifname: 'eth0' }]);
    net.goAdd('z', '10.1.0.10');
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
  });
});

test.each(['10.1.0.2', 'fd00::2'])(
  'a DEL of the Go host-local that was killed after it took the entry of %s: ours ends the rest',
  (address) => {
    const ends: ((id: string) => string[])[] = [(id) => net.find(id), (id) => net.del(id)];
    for (const end of ends) {
      net.remove();
      net.add('x');
      const directory = `${net.directory}/.attachments/${placeOf('x').bucket}`;
      for (const name of readdirSync(directory))
        if (name.endsWith(address)) unlinkSync(`${directory}/${name}`);
      expect(end('x')).toEqual(['10.1.0.2', 'fd00::2']);
    }
  },
);
