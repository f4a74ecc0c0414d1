import { closeSync } from '#files';
import { libc } from '#libc';
import { putU32, u32 } from './bytes.ts';
import { ProtocolError, SystemError, TruncatedError } from './error.ts';
import { NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK, NETLINK_ROUTE } from './linux/netlink.ts';

/** What a connection needs of a socket; tests implement it as a fake kernel. */
export interface Socket {
  /** Sends a whole datagram. */
  send(bytes: Uint8Array): void;
  /** The next datagram, as a view of a buffer that the next call on any socket overwrites. */
  receive(): Uint8Array;
  close(): void;
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const MSG_TRUNC = 0x20;
const EINTR = 4;
const EAGAIN = 11;

/**
 * The receive buffer for all sockets. It is larger than a dump's largest datagram, 32 KiB, since a single link with
 * many attributes can exceed that.
 */
let buffer = new Uint8Array(64 * 1024);

/** Well below what the socket's buffers hold by default (net.core.wmem_default, rmem_default). */
const largeDatagram = 32 * 1024;
/** An acknowledgement takes 768 bytes of the buffer, and the shortest request for it 48. */
const replyFactor = 16;
/** How long to wait for a reply, which the kernel makes during the send, before giving up. */
const replyDeadlineSeconds = 5;

/**
 * Opens a netlink socket's descriptor in the calling thread's network namespace.
 * @throws SystemError
 */
export function openDescriptor(family: number): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
  if (fd < 0) throw new SystemError('open', 'netlink socket', -fd);
  return fd;
}

/** struct timeval on 64-bit Linux; at least 1 ms, since zero would mean no limit. */
function timeval(milliseconds: number): Uint8Array {
  const whole = Math.max(1, Math.floor(milliseconds));
  const bytes = new Uint8Array(16);
  putU32(bytes, 0, Math.floor(whole / 1000));
  putU32(bytes, 8, (whole % 1000) * 1000);
  return bytes;
}

/** Limits how long a receive waits before it fails with EAGAIN (SO_RCVTIMEO, socket(7)); at least 1 ms. */
export function setReceiveTimeout(fd: number, milliseconds: number): void {
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(milliseconds));
}

// Each socket is given these.
const on = u32(1);
const replyTimeout = timeval(1000 * replyDeadlineSeconds);

/** Enlarges a buffer, beyond the host's limit if CAP_NET_ADMIN permits it. */
function setBuffer(fd: number, forced: number, limited: number, length: number): void {
  if (libc.setsockopt(fd, SOL_SOCKET, forced, u32(length)) < 0) {
    libc.setsockopt(fd, SOL_SOCKET, limited, u32(length));
  }
}

/**
 * Opens a netlink socket in the calling thread's network namespace, where it stays.
 * @throws SystemError
 */
export function openSocket(family: number): Socket {
  const fd = openDescriptor(family);
  libc.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, on);
  libc.setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, on);
  if (family === NETLINK_ROUTE) libc.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, on);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, replyTimeout);
  return {
    send(bytes) {
      if (bytes.length > largeDatagram) {
        setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, 2 * bytes.length);
        setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, replyFactor * bytes.length);
      }
      for (;;) {
        const sent = libc.send(fd, bytes, 0);
        if (sent >= 0) return;
        if (sent !== -EINTR) throw new SystemError('send on', 'netlink socket', -sent);
      }
    },
    receive() {
      for (;;) {
        const length = libc.recv(fd, buffer, MSG_TRUNC);
        if (length > buffer.length) {
          const had = buffer.length;
          buffer = new Uint8Array(2 * length);
          throw new TruncatedError(`reply of ${length} bytes truncated to ${had}`);
        }
        if (length >= 0) return buffer.subarray(0, length);
        if (length === -EAGAIN) {
          throw new ProtocolError(`no reply from the kernel within ${replyDeadlineSeconds} s`);
        }
        if (length !== -EINTR) throw new SystemError('receive on', 'netlink socket', -length);
      }
    },
    close() {
      closeSync(fd);
    },
  };
}
