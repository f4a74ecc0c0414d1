/** Names of the errno values that netlink, namespaces and files return (asm-generic/errno.h). */
const names: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  27: 'EFBIG',
  28: 'ENOSPC',
  29: 'ESPIPE',
  30: 'EROFS',
  31: 'EMLINK',
  32: 'EPIPE',
  34: 'ERANGE',
  36: 'ENAMETOOLONG',
  38: 'ENOSYS',
  39: 'ENOTEMPTY',
  40: 'ELOOP',
  54: 'EXFULL',
  71: 'EPROTO',
  74: 'EBADMSG',
  75: 'EOVERFLOW',
  85: 'ERESTART',
  90: 'EMSGSIZE',
  93: 'EPROTONOSUPPORT',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  105: 'ENOBUFS',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  113: 'EHOSTUNREACH',
  116: 'ESTALE',
  122: 'EDQUOT',
};

/** The name of an errno value: `EEXIST` for 17; `errno 200` if it isn't listed. */
export function errnoName(errno: number): string {
  return names[errno] ?? `errno ${errno}`;
}

/** An operation that the kernel refused: what, on which object, and why. */
export class KernelError extends Error {
  readonly errnoName: string;
  /** What the process needs if the kernel says EPERM. */
  readonly capability: string = 'CAP_NET_ADMIN';

  /**
   * @param operation what was requested: `create veth`
   * @param object what it acts on: `veth1a2b3c4d`
   * @param errno the positive errno value
   * @param extack the kernel's explanation (NLMSGERR_ATTR_MSG), empty if it gave none
   */
  constructor(
    readonly operation: string,
    readonly object: string,
    readonly errno: number,
    readonly extack = '',
  ) {
    const name = errnoName(errno);
    super(`${operation} ${object}: ${name}${extack === '' ? '' : ` (${extack})`}`);
    this.errnoName = name;
  }
}

/** What a {@link NetlinkError} says about its request. */
export interface RefusedRequest {
  /** nlmsg_type, such as RTM_NEWLINK. */
  readonly type: number;
  /** What was requested: `create veth`. */
  readonly operation: string;
  /** What it acts on: `veth1a2b3c4d`. */
  readonly object: string;
}

/** A refusal in a netlink reply. */
export class NetlinkError extends KernelError {
  override readonly name = 'NetlinkError';

  /** @param request what was refused */
  constructor(
    readonly request: RefusedRequest,
    errno: number,
    extack = '',
  ) {
    super(request.operation, request.object, errno, extack);
  }
}

/** A failed system call. */
export class SystemError extends KernelError {
  override readonly name = 'SystemError';
}

/** A failure to enter a namespace. */
export class NamespaceError extends SystemError {
  override readonly capability = 'CAP_SYS_ADMIN';
}

/** A netlink reply that breaks the protocol: truncated, or shorter than it says. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** A reply longer than the buffer; the next buffer has room for it. */
export class TruncatedError extends ProtocolError {}

/** Whether `error` is a kernel error with one of these errno names. */
export function isErrno(error: unknown, ...errnoNames: string[]): error is KernelError {
  return error instanceof KernelError && errnoNames.includes(error.errnoName);
}

/** The code of an error from `#files`, which is the errno's name: `ENOENT`. Undefined for any other error. */
export function fileErrorCode(error: unknown): string | undefined {
  const coded = typeof error === 'object' && error !== null && 'code' in error;
  return coded && typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
