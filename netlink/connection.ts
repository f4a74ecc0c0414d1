import { libc } from '#libc';
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
} from './linux/netlink.ts';
import { decodeError, decodeMessages, encodeMessages, type Message } from './message.ts';
import { openSocket, type Socket } from './socket.ts';

/** A message to send, and what an error says of it where the kernel refuses it. */
export interface NetlinkRequest {
  readonly type: number;
  /** Beyond NLM_F_REQUEST, which is always set. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** Whether it changes nothing and one message is the answer, so that no acknowledgement is asked for. */
  readonly isQuery?: boolean;
  /** In words: `create veth`. */
  readonly operation: string;
  /** What it is done to: `veth1a2b3c4d`. */
  readonly object: string;
}

/** What came back for one request. */
export interface Reply {
  /** Messages of the kernel's own, bodies copied; acknowledgements are left out. */
  readonly messages: readonly Message[];
  readonly error?: NetlinkError;
}

/** How many requests go out before their replies are read: what a socket's buffer takes of the largest replies. */
const requestsAtOnce = 32;

/** How often a dump that the kernel says changed under it is asked for. */
const dumpAttempts = 5;

/** Milliseconds that a whole answer may take: the kernel makes it within the send, or soon after. */
const answerDeadline = 5_000;

/** A reply while more of it may come. */
interface OpenReply {
  readonly messages: Message[];
  error?: NetlinkError;
  answered: boolean;
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
   * Hands on the messages that come, until `isDone`, which is asked after each datagram: what is nobody's, sent without
   * end, must not keep a caller for ever.
   * @throws ProtocolError at the deadline
   */
  private receiveUntil(isDone: () => boolean, take: (message: Message) => void): void {
    const end = libc.clock() + this.deadline;
    for (;;) {
      for (const message of decodeMessages(this.socket.receive())) take(message);
      if (isDone()) return;
      if (libc.clock() > end) {
        throw new ProtocolError(`no answer among the kernel's messages within ${this.deadline / 1000} s`);
      }
    }
  }

  /**
   * Sends the requests, as many in one datagram as can be answered at once, and waits until each is answered.
   * The kernel goes on after a refusal: look at each reply.
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
    const queries = requests.every(({ isQuery }) => isQuery === true);
    const first = this.number(requests, queries ? 0 : NLM_F_ACK);
    const replies = requests.map((): OpenReply => ({ messages: [], answered: false }));
    let open = requests.length;
    const take = (message: Message): void => {
      const index = message.sequence - first;
      const request = requests[index];
      const reply = replies[index];
      // A reply to an earlier datagram that failed half-way is nobody's.
      if (request === undefined || reply === undefined) return;
      if (message.type === NLMSG_ERROR) {
        if (message.errno !== 0) reply.error = refusal(request, message);
        if (!reply.answered) open--;
        reply.answered = true;
        if (index === 0 && isErrno(reply.error, 'EPERM')) {
          // nfnetlink looks at the capability once for a datagram, and answers its first message alone.
          for (const one of replies) one.error ??= reply.error;
          open = 0;
        }
      } else if (message.type !== NLMSG_NOOP) {
        reply.messages.push(message.copy());
        if (queries && !reply.answered) {
          reply.answered = true;
          open--;
        }
      }
    };
    this.receiveUntil(() => open === 0, take);
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
   * Does the requests as {@link exchange} does.
   * @throws NetlinkError the first refusal, when all were tried
   */
  execute(...requests: NetlinkRequest[]): Reply[] {
    const replies = this.exchange(requests);
    for (const { error } of replies) if (error !== undefined) throw error;
    return replies;
  }

  /**
   * All that the kernel has; asked for again while it changes under the dump (NLM_F_DUMP_INTR) or while the
   * buffer proves too short. On a host that never rests, all that any of the dumps had: what is there all the time may
   * be missing from one of them, not from each; an object may come in several states. What is gone has nothing in it.
   * @throws NetlinkError, SystemError, ProtocolError
   */
  dump(request: NetlinkRequest): Message[] {
    const { found, settled } = this.collectAll(request, (message) => message.copy());
    return settled ? found : [...new Map(found.map((message) => [hex(message.body), message])).values()];
  }

  /**
   * As {@link dump}, for answers of which little is wanted.
   * @param read is given each message as it comes, good until it returns; what it returns is collected, unless that is
   *   undefined
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
        // The table, map, chain or link that was to be looked into is gone: so is all that was in it.
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
    const take = (message: Message): void => {
      if (message.sequence !== sequence || done) return;
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      const { type } = message;
      if (type === NLMSG_ERROR || type === NLMSG_DONE) {
        if (message.errno !== 0) throw refusal(request, message);
        done = true;
      } else if (type !== NLMSG_NOOP) {
        const value = read(message);
        if (value !== undefined) found.push(value);
      }
    };
    this.receiveUntil(() => done, take);
    return { found, interrupted };
  }

  /**
   * Sends messages that are one transaction (nfnetlink's batch): the kernel takes all or none.
   * @throws NetlinkError the first refusal
   */
  transact(requests: readonly NetlinkRequest[]): void {
    const last = requests.length - 1;
    // Refusals come of themselves, and all before the last message's answer: so that one alone is asked for.
    const first = this.number(
      requests.map((request, index) =>
        index === last - 1 ? { ...request, flags: request.flags | NLM_F_ACK } : request,
      ),
      0,
    );
    let open = requests.length > 2;
    let refused: NetlinkError | undefined;
    const take = (message: Message): void => {
      const index = message.sequence - first;
      const request = requests[index];
      if (request === undefined || message.type !== NLMSG_ERROR) return;
      if (message.errno !== 0) refused ??= refusal(request, message);
      // A refused begin or end stands for the whole batch.
      if (index === 0 || index >= last - 1) open = false;
    };
    if (open) this.receiveUntil(() => !open, take);
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
