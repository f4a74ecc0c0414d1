import { libc } from '#libc';
import { align } from './attribute.ts';
import { hex } from './bytes.ts';
import { isErrno, NetlinkError, ProtocolError, TruncatedError } from './error.ts';
import {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  nlmsghdr,
} from './linux/netlink.ts';
import { decodeError, encodeMessages, header, headerField, Message, readHeader } from './message.ts';
import { openSocket, type Socket } from './socket.ts';

/** A message to send, and how an error describes it if the kernel refuses it. */
export interface NetlinkRequest {
  readonly type: number;
  /** Beyond NLM_F_REQUEST, which is always set. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** Whether it only reads and gets exactly one message in reply, so that it needs no acknowledgement. */
  readonly isQuery?: boolean;
  /** For errors: `create veth`. */
  readonly operation: string;
  /** What it acts on: `veth1a2b3c4d`. */
  readonly object: string;
}

/** The reply to one request. */
export interface Reply {
  /** The kernel's messages, bodies copied, without acknowledgements. */
  readonly messages: readonly Message[];
  readonly error?: NetlinkError;
}

/**
 * How many requests to send before reading their replies: as many of the largest replies as a socket's buffer holds.
 */
const requestsAtOnce = 32;

/** How often to request a dump if the kernel says that it was inconsistent. */
const dumpAttempts = 5;

/**
 * How many milliseconds a whole reply may take. On an idle machine it takes microseconds; on one that is out of
 * processors, or whose RTNL lock is held, a dump of many datagrams takes seconds. The Go plugin gives each a minute.
 */
const answerDeadline = 60_000;

/** A reply that may be incomplete. */
interface OpenReply {
  readonly messages: Message[];
  error?: NetlinkError;
  answered: boolean;
}

/** Takes a message, of which the header was just read. @returns whether all messages are there */
type Take = (datagram: Uint8Array, offset: number) => boolean;

function messageAt(datagram: Uint8Array, offset: number): Message {
  return new Message(datagram, offset, header[headerField.length] ?? 0);
}

function refusal(request: NetlinkRequest, message: Message): NetlinkError {
  const { errno, extack } = decodeError(message);
  return new NetlinkError(request, errno, extack);
}

/**
 * Requests and replies on one netlink socket, matched by sequence number.
 *
 * @example
 * const route = openRoute();
 * try {
 *   route.execute(newBridge('br0', { up: true }), setLink('br0', { alias: 'mine' }));
 * } finally {
 *   route.close();
 * }
 */
export class Connection {
  private sequence = 0;

  constructor(
    private readonly socket: Socket,
    private readonly deadline = answerDeadline,
  ) {}

  /**
   * Passes on incoming messages until `take` says that all are there, which counts after each datagram: endless unrelated
   * messages must not block a caller for ever.
   * @throws ProtocolError at the deadline
   */
  private receiveUntil(take: Take): void {
    const end = libc.clock() + this.deadline;
    for (;;) {
      const datagram = this.socket.receive();
      const last = datagram.length - nlmsghdr.length;
      let isDone = false;
      for (let at = 0; at <= last; ) {
        const length = readHeader(datagram, at);
        isDone = take(datagram, at);
        at += align(length);
      }
      if (isDone) return;
      if (libc.clock() > end) {
        throw new ProtocolError(`no answer among the kernel's messages within ${this.deadline / 1000} s`);
      }
    }
  }

  /**
   * Sends the requests, as many in one datagram as can be answered at once, and waits for all replies. The kernel
   * continues after refusing one: check each reply.
   * @throws SystemError, ProtocolError
   */
  exchange(requests: readonly NetlinkRequest[]): Reply[] {
    if (requests.length === 0) return [];
    if (requests.length <= requestsAtOnce) return this.exchangeOnce(requests);
    const replies: Reply[] = [];
    for (let from = 0; from < requests.length; from += requestsAtOnce) {
      replies.push(...this.exchangeOnce(requests.slice(from, from + requestsAtOnce)));
    }
    return replies;
  }

  private exchangeOnce(requests: readonly NetlinkRequest[]): Reply[] {
    const replies: OpenReply[] = [];
    let queries = true;
    for (const { isQuery } of requests) {
      queries &&= isQuery === true;
      replies.push({ messages: [], answered: false });
    }
    const first = this.number(requests, queries ? 0 : NLM_F_ACK);
    let open = requests.length;
    this.receiveUntil((datagram, at) => {
      const index = (header[headerField.sequence] ?? 0) - first;
      const request = requests[index];
      const reply = replies[index];
      // A reply to an earlier datagram that failed half-way: ignored.
      if (request === undefined || reply === undefined) return open === 0;
      const type = header[headerField.type];
      if (type === NLMSG_ERROR) {
        if (header[headerField.error] !== 0) reply.error = refusal(request, messageAt(datagram, at));
        if (!reply.answered) open--;
        reply.answered = true;
        if (index === 0 && isErrno(reply.error, 'EPERM')) {
          // nfnetlink checks the capability once for a datagram, and answers only its first message.
          for (const one of replies) one.error ??= reply.error;
          open = 0;
        }
      } else if (type !== NLMSG_NOOP) {
        reply.messages.push(messageAt(datagram, at).copy());
        if (queries && !reply.answered) {
          reply.answered = true;
          open--;
        }
      }
      return open === 0;
    });
    return replies;
  }

  /** Sends requests in one datagram. @returns the sequence number of the first */
  private number(requests: readonly NetlinkRequest[], more: number): number {
    const first = this.sequence + 1;
    this.sequence += requests.length;
    this.socket.send(encodeMessages(requests, first, NLM_F_REQUEST | more));
    return first;
  }

  /**
   * Executes the requests as {@link exchange} does.
   * @throws NetlinkError the first refusal, after all were tried
   */
  execute(...requests: NetlinkRequest[]): Reply[] {
    const replies = this.exchange(requests);
    for (const { error } of replies) if (error !== undefined) throw error;
    return replies;
  }

  /**
   * Dumps everything the kernel has, and again if it changed during the dump (NLM_F_DUMP_INTR) or the buffer was too
   * short. If every dump is interrupted, returns everything that any of them had: an object that existed throughout may
   * be missing from one, but not from all, and may appear in several states. A dump of something that is gone is empty.
   * @throws NetlinkError, SystemError, ProtocolError
   */
  dump(request: NetlinkRequest): Message[] {
    const { found, settled } = this.collectAll(request, (message) => message.copy());
    return settled ? found : [...new Map(found.map((message) => [hex(message.body), message])).values()];
  }

  /**
   * As {@link dump}, for when little of the reply is needed.
   * @param read gets each message, valid until it returns; its results are collected, except undefined
   * @throws NetlinkError, SystemError, ProtocolError
   */
  collect<T>(request: NetlinkRequest, read: (message: Message) => T | undefined): T[] {
    return this.collectAll(request, read).found;
  }

  private collectAll<T>(
    request: NetlinkRequest,
    read: (message: Message) => T | undefined,
  ): { found: T[]; settled: boolean } {
    const all: T[] = [];
    for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
      try {
        const { found, interrupted } = this.collectOnce(request, read);
        if (!interrupted) return { found, settled: true };
        for (const one of found) all.push(one);
      } catch (error) {
        // The table, map, chain or link to dump is gone, with everything in it.
        if (isErrno(error, 'ENOENT', 'ENODEV')) return { found: [], settled: true };
        if (!(error instanceof TruncatedError) || attempt === dumpAttempts) throw error;
      }
    }
    return { found: all, settled: false };
  }

  private collectOnce<T>(
    request: NetlinkRequest,
    read: (message: Message) => T | undefined,
  ): { found: T[]; interrupted: boolean } {
    const sequence = this.number([request], NLM_F_DUMP);
    const found: T[] = [];
    let interrupted = false;
    let done = false;
    this.receiveUntil((datagram, at) => {
      if (header[headerField.sequence] !== sequence || done) return done;
      if (((header[headerField.flags] ?? 0) & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      const type = header[headerField.type];
      if (type === NLMSG_ERROR || type === NLMSG_DONE) {
        const message = messageAt(datagram, at);
        if (message.errno !== 0) throw refusal(request, message);
        done = true;
      } else if (type !== NLMSG_NOOP) {
        const value = read(messageAt(datagram, at));
        if (value !== undefined) found.push(value);
      }
      return done;
    });
    return { found, interrupted };
  }

  /**
   * Sends messages as one transaction (an nfnetlink batch): the kernel applies all or none.
   * @throws NetlinkError the first refusal
   */
  transact(requests: readonly NetlinkRequest[]): void {
    const last = requests.length - 1;
    // Refusals come unasked, all before the last message's reply, so only that one needs an acknowledgement.
    const first = this.number(
      requests.map((request, index) =>
        index === last - 1 ? { ...request, flags: request.flags | NLM_F_ACK } : request,
      ),
      0,
    );
    let open = requests.length > 2;
    let refused: NetlinkError | undefined;
    const take: Take = (datagram, at) => {
      const index = (header[headerField.sequence] ?? 0) - first;
      const request = requests[index];
      if (request === undefined || header[headerField.type] !== NLMSG_ERROR) return !open;
      if (header[headerField.error] !== 0) refused ??= refusal(request, messageAt(datagram, at));
      // If the begin or the end is refused, so is the whole batch.
      if (index === 0 || index >= last - 1) open = false;
      return !open;
    };
    if (open) this.receiveUntil(take);
    if (refused !== undefined) throw refused;
  }

  close(): void {
    this.socket.close();
  }
}

/**
 * A connection to rtnetlink(7) in the calling thread's network namespace.
 * @throws SystemError
 */
export function openRoute(): Connection {
  return new Connection(openSocket(NETLINK_ROUTE));
}

/**
 * A connection to nfnetlink in the calling thread's network namespace.
 * @throws SystemError
 */
export function openNetfilter(): Connection {
  return new Connection(openSocket(NETLINK_NETFILTER));
}
