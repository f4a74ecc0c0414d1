import { NetlinkError, ProtocolError } from '../../../../netlink/error.ts';
import { Undo } from '../../../../plugin/attach/undo.ts';

const ENODEV = 19;
const EEXIST = 17;
const request = { type: 16, operation: 'create bridge', object: 'cni0' };

/** What an undo did and said. */
function outcome(undo: Undo, done: readonly string[]): { done: readonly string[]; warnings: string[] } {
  const warnings: string[] = [];
  undo.run((line) => warnings.push(line));
  return { done, warnings };
}

test('takes back what was done, last first, and once', () => {
  const undo = new Undo();
  const done: string[] = [];
  for (const what of ['bridge', 'veth', 'lease']) undo.attempt(what, () => what, done.push.bind(done, what));
  expect(outcome(undo, done)).toEqual({ done: ['lease', 'veth', 'bridge'], warnings: [] });
  expect(outcome(undo, done).done).toHaveLength(3);
});

test.each([
  ['that the kernel refused is not taken back', new NetlinkError(request, EEXIST), []],
  ['whose reply is lost is taken back', new ProtocolError('no answer'), ['bridge']],
])('a step %s', (_what, error, expected) => {
  const undo = new Undo();
  const done: string[] = [];
  const fail = (): never => {
    throw error;
  };
  expect(() => undo.attempt('bridge', fail, () => done.push('bridge'))).toThrow(error);
  expect(outcome(undo, done)).toEqual({ done: expected, warnings: [] });
});

test('one that fails is told, and the rest is still taken back', () => {
  const undo = new Undo();
  const done: string[] = [];
  undo.register('bridge cni0', () => done.push('bridge'));
  undo.register('address 10.0.0.1/8 of cni0', () => {
    throw new NetlinkError(request, EEXIST);
  });
  expect(outcome(undo, done)).toEqual({
    done: ['bridge'],
    warnings: ['could not undo address 10.0.0.1/8 of cni0: create bridge cni0: EEXIST'],
  });
});

test('what is gone already needs no taking back', () => {
  const undo = new Undo();
  undo.register('flags of bridge cni0', () => {
    throw new NetlinkError(request, ENODEV);
  });
  undo.register('sysctl net/ipv6/conf/cni0/accept_ra', () => {
    throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  });
  expect(outcome(undo, [])).toEqual({ done: [], warnings: [] });
});
