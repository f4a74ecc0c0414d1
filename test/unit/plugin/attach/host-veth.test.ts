import { vethNames } from '../../../../plugin/attach/host-veth.ts';
import { ownerLabel } from '../../../../plugin/attach/owner.ts';

const names = (network: string, containerID: string, ifname: string) =>
  vethNames(ownerLabel({ network, containerID, ifname }));

test("a host veth's names follow from network, container ID and interface", () => {
  // Whoever makes these otherwise no longer finds the veths that are there.
  expect(names('lab-br1', 'c1', 'eth0')).toEqual([
    'veth7069ed2f',
    'veth1b4635a6',
    'vethed2f1b46',
    'veth35a67069',
  ]);
  const id = '3f4c9d4e'.repeat(8);
  expect(names('podman', id, 'eth0')[0]).toBe('vethf0772b77');
  expect(names('podman', id, 'eth1')[0]).toBe('veth3565b560');
  expect(names('podman2', id, 'eth0')[0]).toBe('vethb447d97c');
  for (const name of names('n'.repeat(300), 'c'.repeat(300), 'eth0'))
    expect(name).toMatch(/^veth[0-9a-f]{8}$/);
});

test('two that have the first name in common have others', () => {
  expect(names('lab-br1', '3e8ecfc86e23', 'eth0').slice(0, 2)).toEqual(['veth4770ee65', 'veth60257654']);
  expect(names('lab-br1', '0ebe9b3854a3', 'eth0').slice(0, 2)).toEqual(['veth4770ee65', 'veth93f9ad87']);
});

test('10,000 attachments have 10,000 first names', () => {
  const all = Array.from({ length: 10_000 }, (_, index) => names('lab-br1', `container-${index}`, 'eth0')[0]);
  expect(new Set(all).size).toBe(10_000);
});
