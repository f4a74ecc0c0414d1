import { NetlinkError } from '../../../../netlink/error.ts';
import { Undo } from '../../../../plugin/attach/undo.ts';

test('steps are undone last first, and one that fails does not stop the others', () => {
  const undo = new Undo();
  const taken: string[] = [];
  const warnings: string[] = [];
  undo.register('first', () => taken.push('first'));
  undo.register('second', () => {
    throw new Error('no');
  });
  undo.register('third', () => taken.push('third'));
  undo.run((line) => warnings.push(line));
  expect(taken).toEqual(['third', 'first']);
  expect(warnings).toEqual(['could not undo second: no']);
});

/** What an attempt of a step leaves to undo. */
function takenAfter(step: () => void): string[] {
  const undo = new Undo();
  const taken: string[] = [];
  undo.register('earlier', () => taken.push('earlier'));
  try {
    undo.attempt('it', step, () => taken.push('it'));
  } catch {
    // The caller hears of it; what counts here is what is undone.
  }
  undo.run((line) => taken.push(line));
  return taken;
}

test('a step that succeeded is undone', () => {
  expect(takenAfter(() => undefined)).toEqual(['it', 'earlier']);
  expect(
    new Undo().attempt(
      'it',
      () => 5,
      () => undefined,
    ),
  ).toBe(5);
});

test('a step that the kernel refused is not undone', () => {
  const refuse = (): never => {
    throw new NetlinkError({ type: 16, operation: 'create bridge', object: 'br0' }, 17);
  };
  expect(takenAfter(refuse)).toEqual(['earlier']);
  expect(() => new Undo().attempt('it', refuse, () => undefined)).toThrow(NetlinkError);
});

test('a step whose reply was lost may have been done, and is undone', () => {
  const lose = (): never => {
    throw new Error('no reply');
  };
  expect(takenAfter(lose)).toEqual(['it', 'earlier']);
  expect(() => new Undo().attempt('it', lose, () => undefined)).toThrow('no reply');
});

test('what was undone is not undone again', () => {
  const undo = new Undo();
  const take = jest.fn();
  undo.register('it', take);
  undo.run(() => undefined);
  undo.run(() => undefined);
  expect(take).toHaveBeenCalledTimes(1);
});
