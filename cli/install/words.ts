import { messageOf } from '../../netlink/error.ts';
import { names, type Placed } from './executables.ts';
import { look } from './place.ts';
import type { State } from './state.ts';

/** `0.10.0-abc` is after `0.9.0-def`. */
function isAfter(version: string, other: string): boolean {
  const numbers = (text: string): number[] => (text.split('-')[0] ?? '').split('.').map(Number);
  const [one, two] = [numbers(version), numbers(other)];
  const at = one.findIndex((number, index) => number !== two[index]);
  return at >= 0 && (one[at] ?? 0) > (two[at] ?? 0);
}

/** What an installation of the executables did. */
export function executableWords({ binDir }: State, { version, replaced, others }: Placed): string {
  const now = `${binDir}: bridge ${version}`;
  if (others.length > 0)
    return `${now} is in place; ${others.join(', ')} of others kept, which \`cni-bridge uninstall\` gives back`;
  if (replaced === undefined) return `${now} is in place`;
  const age = isAfter(replaced, version)
    ? ', a newer version'
    : isAfter(version, replaced)
      ? ', an older version'
      : '';
  return `${now} is in place of ${replaced}${age}, which \`cni-bridge install --previous\` brings back`;
}

/** What became of the network. */
export function conflistWords(path: string, isWritten: boolean): string {
  return `${path}: ${isWritten ? 'written' : 'is as it should be'}`;
}

/** What a node has in the end. */
export function haveWords(state: State): string {
  const { binDir } = state;
  try {
    const version = state.placedVersion();
    if (version !== undefined) return `${binDir} has bridge ${version}`;
    const others = names.filter((name) => look(`${binDir}/${name}`) !== undefined);
    return others.length > 0
      ? `${binDir} has ${others.join(', ')} of others, and nothing of ours`
      : `${binDir} has nothing of ours`;
  } catch (error) {
    return `what ${binDir} has can't be told: ${messageOf(error)}`;
  }
}
