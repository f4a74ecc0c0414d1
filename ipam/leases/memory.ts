import { closeSync, constants, openSync, renameSync, writeSync } from '#files';
import { encodeText } from '../../netlink/bytes.ts';
import { fileErrorCode } from '../../netlink/error.ts';
import { readSmallFile, remove } from './files.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** The most bytes that a memory has; it is ASCII. Some 1,300 pods with names of a usual length. */
const most = 64 * 1024;

/** The longest line: a container ID can be nearly as long as an environment variable, and such an owner is forgotten. */
const longest = 1024;

/** Who had an address: a pod or a container, and its interface; neither has white space. */
export interface Owner {
  /** `namespace/name` of a pod, or the ID of a container, which has no slash. */
  readonly name: string;
  readonly ifname: string;
}

/**
 * Who had which addresses last, though they may be free or another's by now: lines `<owner> <interface> <address>`, each
 * address once, the oldest first. The Go host-local, which reads every file, can't take it for a lease, since no
 * container ID has a blank in it.
 */
export class Memory {
  private constructor(private readonly lines: readonly string[]) {}

  /** A text without the lines that are none. */
  static parse(text: string): Memory {
    return new Memory(text.split('\n').filter((line) => /^[\w./-]+ \S+ [0-9a-f.:]+$/.test(line)));
  }

  /** The addresses that an owner had. */
  of(owner: Owner): string[] {
    const prefix = prefixOf(owner);
    return this.lines.flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
  }

  /** The same after an owner got addresses: who had them before is forgotten, and the oldest if it grows too large. */
  with(owner: Owner, addresses: readonly string[]): Memory {
    const prefix = prefixOf(owner);
    if (prefix.length > longest) return this;
    const others = this.lines.filter(
      (line) => !line.startsWith(prefix) && !addresses.includes(line.slice(line.lastIndexOf(' ') + 1)),
    );
    const lines = [...others, ...addresses.map((address) => `${prefix}${address}`)];
    let left = most;
    const first = lines.findLastIndex((line) => {
      left -= line.length + 1;
      return left < 0;
    });
    return new Memory(lines.slice(first + 1));
  }

  toString(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }
}

function prefixOf({ name, ifname }: Owner): string {
  return `${name} ${ifname} `;
}

/** Reads a memory; an empty one if there is none. @throws what `#files` throws */
export function readMemory(path: string): Memory {
  try {
    return Memory.parse(readSmallFile(path));
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return Memory.parse('');
    throw error;
  }
}

/**
 * Replaces a memory, which at no moment is half written. It isn't synced: a power cut costs the last changes.
 * @param draft what it is written to; a file that a crash left there is removed
 * @throws what `#files` throws, Error on a full disk
 */
export function writeMemory(path: string, memory: Memory, draft: string): void {
  remove(draft);
  const fd = openSync(draft, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    const bytes = encodeText(memory.toString());
    if (writeSync(fd, bytes) < bytes.length) throw new Error('ENOSPC');
    renameSync(draft, path);
  } catch (error) {
    remove(draft);
    throw error;
  } finally {
    closeSync(fd);
  }
}
