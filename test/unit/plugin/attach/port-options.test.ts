import { differingOptions, hasPortOptions, portSettings } from '../../../../plugin/attach/port-options.ts';
import { read } from '../../support/configuration.ts';

const plain = read({});
const set = read({ learning: false, proxyArp: true, neighSuppress: true, groupFwdMask: 8 });
/** A port of a kernel without these settings. */
const port = {
  hairpin: false,
  isolated: false,
  learning: true,
  proxyArp: false,
  neighSuppress: false,
  groupFwdMask: 0,
};

test('what is not asked for is neither sent nor compared', () => {
  expect([hasPortOptions(plain), portSettings(plain)]).toEqual([false, undefined]);
  expect(differingOptions(plain, { ...port, learning: false, proxyArp: true, groupFwdMask: 4 })).toEqual([]);
  expect(portSettings(read({ hairpinMode: true }))).toEqual({ hairpin: true, isolated: undefined });
});

test('each option that a kernel has not taken is found', () => {
  expect(differingOptions(set, port).map(({ name, expected, found }) => [name, expected, found])).toEqual([
    ['learning', 'false', 'true'],
    ['proxyArp', 'true', 'false'],
    ['neighSuppress', 'true', 'false'],
    ['groupFwdMask', '8', '0'],
  ]);
  const [hairpin] = differingOptions(read({ hairpinMode: true }), port);
  expect(hairpin).toEqual({ name: 'hairpinMode', expected: 'true', found: 'false' });
  const live = { ...port, ...portSettings(set), hairpin: false, isolated: false };
  expect(differingOptions(set, live)).toEqual([]);
});
