import { rmSync, unlinkSync } from 'node:fs';
import { gcLeases } from '../../../../ipam/host-local/gc.ts';
import { checkLeases } from '../../../../ipam/host-local/host-local.ts';
import { LeaseDirectory, useDirectory } from '../../../support/leases.ts';

const fs: typeof import('node:fs') = jest.requireActual('node:fs');
const net = useDirectory(new LeaseDirectory({ subnet: '10.1.0.0/16', ranges: [[{ subnet: 'fd00::/64' }]] }));

/** How often an action lists the directory of the leases, and how many of them it reads. */
function effort(action: () => unknown): { lists: number; reads: number } {
  const list = jest.spyOn(fs, 'readdirSync');
  const open = jest.spyOn(fs, 'openSync');
  action();
  const lists = list.mock.calls.filter(([path]) => path === net.directory).length;
  const reads = open.mock.calls.filter(([path]) =>
    /\/(10\.1\.|fd00::)[0-9a-f.:]+$/.test(String(path)),
  ).length;
  list.mockRestore();
  open.mockRestore();
  return { lists, reads };
}

describe('after the Go host-local changed the directory', () => {
  beforeEach(() => {
    for (let i = 0; i < 50; i++) net.goAdd(`old-${i}`, `10.1.1.${i}`);
    net.add('ours');
    net.goAdd('go', '10.1.1.51');
  });

  test('CHECK and DEL of a container of ours do not look for what it did', () => {
    expect(effort(() => checkLeases(net.request('ours')))).toEqual({ lists: 0, reads: 2 });
    expect(effort(() => net.del('ours'))).toEqual({ lists: 0, reads: 2 });
  });

  test('ADD, and DEL of a container of its own, list the directory once, for its sum, and read the lease that is new', () => {
    expect(effort(() => net.add('new'))).toEqual({ lists: 1, reads: 1 });
    net.goAdd('more', '10.1.1.53');
    expect(effort(() => expect(net.del('more')).toEqual(['10.1.1.53']))).toEqual({ lists: 1, reads: 2 });
  });

  test('what was caught up with stays known', () => {
    net.find('go');
    expect(effort(() => net.find('go'))).toEqual({ lists: 0, reads: 1 });
    net.goDel('go');
    expect(effort(() => net.add('new'))).toMatchObject({ lists: 1 });
    net.goDel('old-7');
    expect(effort(() => net.add('newer'))).toMatchObject({ lists: 1 });
    expect(net.indexed().filter((name) => name.includes('.seen-'))).toHaveLength(49);
  });
});

describe('no lease of the Go host-local is missed', () => {
  const refused = (id: string): void => expect(() => net.add(id)).toThrow('duplicate allocation');

  test.each<[string, () => void]>([
    ['the last one', () => net.goAdd('x', '10.1.0.3')],
    ['one far from the last', () => net.goAdd('x', '10.1.200.1')],
    [
      'one far off, hidden by one that is next',
      () => {
        net.goAdd('x', '10.1.200.1');
        net.goAdd('y', '10.1.0.3');
      },
    ],
    [
      'many',
      () => {
        for (let i = 3; i < 90; i++) net.goAdd(i === 5 ? 'x' : `go${i}`, `10.1.0.${i}`);
      },
    ],
    [
      'one of the second set',
      () => {
        net.goAdd('x', 'fd00::77');
        net.write('last_reserved_ip.0', '10.1.0.2');
        net.write('last_reserved_ip.1', 'fd00::77');
      },
    ],
    [
      'one after a wrap',
      () => {
        net.goAdd('x', '10.1.255.254');
        net.goAdd('y', '10.1.0.1');
      },
    ],
    [
      'one of which no last_reserved_ip tells',
      () => {
        net.goAdd('x', '10.1.0.9');
        for (const set of [0, 1]) rmSync(`${net.directory}/last_reserved_ip.${set}`, { force: true });
      },
    ],
    [
      'one at the address of a lease that is gone',
      () => {
        net.goDel('a');
        net.goAdd('x', '10.1.0.2');
      },
    ],
    [
      'one at the address of a lease that was removed by hand',
      () => {
        unlinkSync(`${net.directory}/10.1.0.2`);
        net.goAdd('x', '10.1.0.2');
      },
    ],
    ['one in a range that is not ours', () => net.goAdd('x', '192.0.2.1')],
  ])('%s', (_what, change) => {
    for (const command of ['ADD', 'CHECK', 'DEL']) {
      net.remove();
      net.add('a');
      // A change that is caught up with first, so that there are sums to go by.
      net.goAdd('b', '10.1.7.7');
      net.find('b');
      net.goDel('b');
      net.find('b');
      change();
      const leased = net.leased().filter((address) => net.read(address).startsWith('x\r\n'));
      expect(leased).toHaveLength(1);
      if (command === 'ADD') refused('x');
      if (command === 'CHECK') checkLeases(net.request('x'));
      expect(net.del('x')).toEqual(leased);
    }
  });

  test('both of a container’s, though the first was seen before the second was made', () => {
    net.goAdd('x', '10.1.0.5');
    expect(net.find('x')).toEqual(['10.1.0.5']);
    net.goAdd('x', 'fd00::5');
    expect(net.del('x')).toEqual(['10.1.0.5', 'fd00::5']);
  });

  test('nor one that it makes for an attachment of ours, as it does for an address asked for by name', () => {
    net.add('x');
    net.goAdd('x', '10.1.0.9');
    expect(effort(() => net.find('x', { requestedIPs: ['10.1.0.9'] }))).toMatchObject({ lists: 1 });
    expect(net.del('x')).toEqual(['10.1.0.2', '10.1.0.9', 'fd00::2']);
  });

  test('nor does one get lost where DEL is not told of that address', () => {
    net.add('x');
    net.goAdd('x', '10.1.0.9');
    expect(net.del('x')).toEqual(['10.1.0.2', 'fd00::2']);
    // The next ADD finds it, and from then on so does whoever asks.
    net.add('y');
    expect(net.find('x')).toEqual(['10.1.0.9']);
    expect(gcLeases(net.request(''), [{ containerID: 'y', ifname: 'eth0' }])).toEqual(['10.1.0.9']);
  });
});
