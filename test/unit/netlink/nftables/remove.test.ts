import { Connection, type NetlinkRequest } from '../../../../netlink/connection.ts';
import { NetlinkError } from '../../../../netlink/error.ts';
import { remove } from '../../../../netlink/nftables/remove.ts';

const [ENOENT, EINVAL, ERESTART] = [2, 22, 85];
const request = (object: string): NetlinkRequest => ({
  type: 0,
  flags: 0,
  body: new Uint8Array(),
  operation: 'delete nftables rule from',
  object,
});
const [own, shared] = [request('own'), request('shared')];

/** A kernel that answers each transaction in turn as it is told: with an errno, 0 for none. */
class Kernel extends Connection {
  readonly committed: string[][] = [];

  constructor(private readonly answer: (transaction: string[]) => number) {
    super({ send: () => undefined, receive: () => new Uint8Array(), close: () => undefined });
  }

  override exchange() {
    return [];
  }

  override transact(requests: readonly NetlinkRequest[]): void {
    const objects = requests.slice(1, -1).map(({ object }) => object);
    const errno = this.answer(objects);
    if (errno !== 0) throw new NetlinkError(own, errno);
    this.committed.push(objects);
  }
}

test('in a ruleset that never rests, what is ours alone goes', () => {
  const kernel = new Kernel((objects) => (objects.includes('shared') ? ERESTART : 0));
  remove(kernel, () => ({ own: [own], whole: [own, shared] }));
  expect(kernel.committed).toEqual([['own']]);
});

test('what another removal takes in the last moment is gone, and no error', () => {
  let isThere = true;
  const kernel = new Kernel((objects) => {
    if (objects.includes('shared')) return ERESTART;
    if (!isThere) return 0;
    isThere = false;
    return ENOENT;
  });
  remove(kernel, () => (isThere ? { own: [own], whole: [own, shared] } : { own: [] }));
  expect(isThere).toBe(false);
});

test('any other refusal is an error at once', () => {
  let count = 0;
  const kernel = new Kernel(() => {
    count++;
    return EINVAL;
  });
  expect(() => remove(kernel, () => ({ own: [own] }))).toThrow('delete nftables rule from own: EINVAL');
  expect(count).toBe(1);
});
