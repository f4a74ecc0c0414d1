import { Connection } from '../../../../netlink/connection.ts';
import { isErrno } from '../../../../netlink/error.ts';
import { nfproto } from '../../../../netlink/nftables/message.ts';
import { remove } from '../../../../netlink/nftables/remove.ts';
import { deleteTable, newTable } from '../../../../netlink/nftables/table.ts';
import { commitFresh } from '../../../../netlink/nftables/transaction.ts';
import { answer, decodeMessages } from '../../../support/netlink.ts';

const [EBUSY, EEXIST, EINVAL] = [16, 17, 22];
const table = (name: string) => ({ family: nfproto.inet, name });

/** A kernel that answers the message of each transaction, whose name it notes, with what `refuse` says of it. */
function kernel(refuse: (name: string, count: number) => number) {
  const tried: string[] = [];
  const queue: Uint8Array[] = [];
  const connection = new Connection({
    send(datagram) {
      const messages = decodeMessages(datagram.slice());
      // Alone: NFT_MSG_GETGEN. Else the second, between NFNL_MSG_BATCH_BEGIN and _END.
      const asked = messages[messages.length === 1 ? 0 : 1];
      if (asked === undefined) throw new Error('no message');
      if (messages.length === 1) queue.push(answer(asked.sequence, 0));
      else {
        tried.push(
          Buffer.from(asked.body)
            .toString('latin1')
            .replace(/[^a-z]/g, ''),
        );
        queue.push(answer(asked.sequence, refuse(tried.at(-1) ?? '', tried.length)));
      }
    },
    receive: () => queue.shift() ?? new Uint8Array(),
    close() {},
  });
  return { connection, tried };
}

const isStale = (error: unknown): boolean => isErrno(error, 'EEXIST');

test('a transaction that another came before is made anew of what is there then', () => {
  const { connection, tried } = kernel((_name, count) => (count < 3 ? EEXIST : 0));
  let looks = 0;
  commitFresh(connection, () => [newTable(table('abc'.charAt(looks++)))], isStale);
  expect(tried).toEqual(['a', 'b', 'c']);
});

test('a refusal for another reason is not tried again', () => {
  const { connection, tried } = kernel(() => EINVAL);
  expect(() => commitFresh(connection, () => [newTable(table('a'))], isStale)).toThrow('EINVAL');
  expect(tried).toEqual(['a']);
});

test('a ruleset that never rests is given up', () => {
  const { connection, tried } = kernel(() => EEXIST);
  expect(() => commitFresh(connection, () => [newTable(table('a'))], isStale)).toThrow('EEXIST');
  expect(tried).toHaveLength(20);
});

test('a removal looks again until nothing is left', () => {
  const { connection, tried } = kernel(() => 0);
  const left = ['a', 'b'];
  remove(connection, () => ({ own: left.splice(0, 1).map((name) => deleteTable(table(name))) }));
  expect(tried).toEqual(['a', 'b']);
});

test('where what is shared stays in use, what is our own goes at least', () => {
  const { connection, tried } = kernel((name) => (name === 'shared' ? EBUSY : 0));
  const [own, whole] = [[deleteTable(table('own'))], [deleteTable(table('shared'))]];
  remove(connection, () => ({ own, whole }));
  expect(tried).toEqual([...Array(20).fill('shared'), 'own']);
});
