import { closeSync, constants, ftruncateSync, openSync, writeSync } from '#files';
import { encodeText } from '../../netlink/bytes.ts';
import { formatIP, type IP, parseIP } from '../../netlink/ip.ts';
import { readAll, refused } from './files.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** `last_reserved_ip.<set>`: where a range set's round robin stands. A bad file costs it its place and nothing more. */
export class LastReserved {
  private fd = -1;
  private length = 0;

  constructor(private readonly path: string) {}

  /** The address handed out last; undefined if unknown. */
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

  /** Overwrites the address, then truncates the file: if a file is truncated first, ext4 writes it out on close. */
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
