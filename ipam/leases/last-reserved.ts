import { closeSync, constants, ftruncateSync, openSync, writeSync } from '#files';
import { encodeText } from '../../netlink/bytes.ts';
import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import { errnoOf, readAll } from './files.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/**
 * `last_reserved_ip.<set>`: where the round robin of a range set stands. Whatever is wrong with the file costs it
 * its place and nothing more.
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
   * Notes the address handed out last. It is written over the old one and the file cut after that, since emptying
   * a file first makes ext4 write it out when it is closed.
   */
  write(ip: IP, warn: (line: string) => void): void {
    const text = formatIP(ip);
    try {
      if (this.fd < 0) this.fd = openSync(this.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      writeSync(this.fd, encodeText(text), 0);
      if (this.length > text.length) ftruncateSync(this.fd, text.length);
    } catch (error) {
      warn(`cannot write ${this.path} (${errnoOf(error)}): the round robin loses its place`);
    }
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}
