import fc from 'fast-check';
import { LeaseDirectory } from '../../../support/leases.ts';

test('any course of ADDs and DELs, ours and the Go host-local’s, leaves what a naive model says', () => {
  const command = fc.record({
    verb: fc.constantFrom('add', 'del', 'goAdd', 'goDel'),
    id: fc.nat(7),
    at: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const directory = new LeaseDirectory({ subnet: '10.1.2.0/29' });
      const owners = new Map<string, string>();
      let last = 1;
      const of = (id: string): string[] =>
        [...owners]
          .filter(([, owner]) => owner === id)
          .map(([address]) => address)
          .sort();
      for (const { verb, id: number, at } of commands) {
        const id = `c${number}`;
        if (verb === 'add') {
          const free = [1, 2, 3, 4, 5]
            .map((step) => ((last - 2 + step + 5) % 5) + 2)
            .find((host) => !owners.has(`10.1.2.${host}`));
          if (of(id).length > 0 || free === undefined) {
            expect(() => directory.add(id)).toThrow();
            continue;
          }
          expect(directory.add(id)).toEqual([`10.1.2.${free}/29`]);
          owners.set(`10.1.2.${free}`, id);
          last = free;
        } else if (verb === 'goAdd') {
          const address = `10.1.2.${at + 2}`;
          // It refuses an attachment that has a lease, as long as none is asked for by name.
          if (owners.has(address) || of(id).length > 0) continue;
          directory.goAdd(id, address);
          owners.set(address, id);
          last = at + 2;
        } else {
          if (verb === 'del') expect(directory.del(id)).toEqual(of(id));
          else directory.goDel(id);
          for (const address of of(id)) owners.delete(address);
        }
        expect(directory.leased()).toEqual([...owners.keys()].sort());
        for (const owner of owners.values()) expect(directory.find(owner)).toEqual(of(owner));
      }
      directory.remove();
    }),
    { numRuns: 60 },
  );
});
