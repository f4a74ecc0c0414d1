import type { Difference } from '../difference.ts';
import { added } from '../observed.ts';

/** An option of ours that the Go plugin ignores, so that the whole of its rows differs. */
function ownOption(what: string, why: string, isRow: (name: string) => boolean): Difference {
  return { what, why, rows: ({ row, ours }) => added(ours) && isRow(row.name), shows: [{ path: /./ }] };
}

/** Options of ours. These come after the differences that explain a part. */
export const ownOptions: readonly Difference[] = [
  ownOption(
    'excluded addresses are leased to nobody who does not ask for them',
    'the Go host-local has no exclude',
    (name) => name.startsWith('exclude'),
  ),
  ownOption('mtu may be "auto"', 'the Go plugin takes no text there', (name) => name === 'mtu auto'),
  ownOption(
    'a requested address may be outside the range, if the configuration allows it',
    'the Go host-local refuses it; in the subnet, it is as good as any',
    (name) => name === 'requestOutsideRange',
  ),
];
