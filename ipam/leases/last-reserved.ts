import { closeSync, constants, ftruncateSync, openSync, writeSync } from '#files';
import { encodeText } from '../../netlink/bytes.ts';
import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import { readAll, refused } from './files.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/**
 * `last_reserved_ip.<set>`: where the round robin of a range set stands. A file that is wrong, whatever the
 * matter, costs it its place and nothing more.
 */
export class LastReserved {
  private fd = -1;
  private length = 0;

  constructor(private readonly path: string) {}

  /** The address handed out last; undefined where that is not known. */
  read(): IP | undefined {
    try {
      this.fd = openSync(this.path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
      const text = readAll(this.fd);
      this.length = text.length;
      return parseIP(text.trim());
    } catch {
      return undefined;
    }
  }

  /**
   * Writes the address handed out last over the old one, then cuts the file to its length: ext4 would write out a file
   * that is emptied first when it is closed.
   */
  write(ip: IP, warn: (line: string) => void): void {
    const text = formatIP(ip);
    try {
      if (this.fd < 0) this.fd = openSync(this.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      writeSync(this.fd, encodeText(text), 0);
      if (this.length > text.length) ftruncateSync(this.fd, text.length);
    } catch (error) {
      warn(`${refused('write', this.path, error).message}: the round robin loses its place`);
    }
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}
