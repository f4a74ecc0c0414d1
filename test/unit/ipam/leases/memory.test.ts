import { Memory } from '../../../../ipam/leases/memory.ts';

const web = { name: 'default/web-0', ifname: 'eth0' };
const c1 = { name: 'c1', ifname: 'eth0' };

test('an owner has the addresses that it had last, by interface', () => {
  const memory = Memory.parse('')
    .with(web, ['10.1.0.2', 'fd00::2'])
    .with(c1, ['10.1.0.3'])
    .with(web, ['10.1.0.4']);
  expect(memory.of(web)).toEqual(['10.1.0.4']);
  expect(memory.of({ ...web, ifname: 'eth1' })).toEqual([]);
  expect(memory.of({ ...web, name: 'default/web' })).toEqual([]);
  expect(String(memory)).toBe('c1 eth0 10.1.0.3\ndefault/web-0 eth0 10.1.0.4\n');
});

test('an address that another gets is forgotten', () => {
  const memory = Memory.parse('').with(web, ['10.1.0.2', 'fd00::2']).with(c1, ['10.1.0.2']);
  expect(memory.of(web)).toEqual(['fd00::2']);
  expect(memory.of(c1)).toEqual(['10.1.0.2']);
});

test('lines that are none are passed over', () => {
  const text = '\nc1 eth0\nc1 eth0 10.1.0.9 x\n\0\0\0\n# c1 eth0 10.1.0.8\nc1 eth0 10.1.0.7\nc1 eth0 ';
  expect(String(Memory.parse(text))).toBe('c1 eth0 10.1.0.7\n');
});

test('it grows up to 64 KiB, and then forgets the oldest', () => {
  let memory = Memory.parse('');
  const owner = (index: number) => ({ name: `n/${'p'.repeat(600)}${index}`, ifname: 'eth0' });
  for (let index = 0; index < 200; index++) memory = memory.with(owner(index), [`10.1.0.${index}`]);
  const { length } = String(memory);
  expect(length).toBeLessThanOrEqual(64 * 1024);
  expect(length).toBeGreaterThan(63 * 1024);
  expect(memory.of(owner(199))).toEqual(['10.1.0.199']);
  expect(memory.of(owner(0))).toEqual([]);
  const long = { name: 'c'.repeat(70_000), ifname: 'eth0' };
  expect(String(memory.with(long, ['10.1.0.1']))).toBe(String(memory));
});
