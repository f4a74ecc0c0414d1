import { useDirectory } from '../support/leases.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const subnet = '10.1.0.0/29';
const net = useDirectory(new SharedDirectory({}));

/** The Go host-local's prefix for the part of the work; ours may differ. */
const prefix = /^(invalid range set \d+|failed to allocate for range \d+|ARGS: error parsing .*?): /;

const configurations: [string, object, string?][] = [
  ['nothing to allocate from', {}],
  ['/31', { subnet: '10.1.0.0/31' }],
  ['rangeStart elsewhere', { subnet, rangeStart: '10.2.0.1' }],
  ['rangeEnd elsewhere', { subnet, rangeEnd: '10.2.0.1' }],
  ['mixed families', { ranges: [[{ subnet }, { subnet: 'fd00::/64' }]] }],
  ['overlap in a set', { ranges: [[{ subnet }, { subnet: '10.1.0.0/30' }]] }],
  ['overlap of sets', { ranges: [[{ subnet }], [{ subnet: '10.1.0.0/30' }]] }],
  ['two sets of a family in 0.2.0', { ranges: [[{ subnet }], [{ subnet: '10.2.0.0/29' }]] }, '0.2.0'],
  ['a subnet that is none', { subnet: '10.1.0/24' }],
  ['a gateway that is none', { subnet, gateway: '10.1.0' }],
];

const requests: [string, string][] = [
  ['the gateway', 'IP=10.1.0.1'],
  ['an address outside', 'IP=10.7.0.1'],
  ['what is not an address', 'IP=me'],
  ['an address that is leased', 'IP=10.1.0.2'],
];

describe.each(hostLocals)('%s says what the Go host-local says, and more', (_name, ours) => {
  /** Compares the errors of a call that both refuse. */
  function expectWords(
    ...call: Parameters<SharedDirectory['refusal']> extends [string, ...infer R] ? R : never
  ): void {
    const words = net.refusal(reference, ...call).msg.replace(prefix, '');
    const { msg, details = '' } = net.refusal(ours, ...call);
    expect(`${msg}: ${details}`).toContain(words);
    expect(`${msg}: ${details}`.length).toBeGreaterThan(words.length);
  }

  test.each(configurations)('of a configuration with %s', (_what, ipam, cniVersion = '1.0.0') => {
    expectWords('ADD', 'c1', { ipam, cniVersion });
  });

  test.each(requests)('of a request for %s', (_what, args) => {
    net.lease(ours, 'other', { ipam: { subnet } });
    expectWords('ADD', 'c1', { ipam: { subnet }, args });
  });

  test('of a full range, a second ADD, and a CHECK without one', () => {
    const ipam = { subnet, rangeStart: '10.1.0.2', rangeEnd: '10.1.0.3' };
    for (const id of ['a', 'b']) net.lease(ours, id, { ipam });
    expectWords('ADD', 'c', { ipam });
    expectWords('ADD', 'a', { ipam });
    expectWords('CHECK', 'c', { ipam });
  });
});
