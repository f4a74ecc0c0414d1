import { described, harmless, type Kind, noPaths, signatures, Trap, wrong } from './signatures.ts';
import { views } from './views.ts';

/** rtnetlink(7): a request for every link, whose answer is longer than any view here. */
const request = Uint8Array.of(32, 0, 0, 0, 18, 0, 1, 3, ...new Array(24).fill(0));
const AF_NETLINK = 16;
const SOCK_RAW_NONBLOCK = 0o4003;
const MSG_PEEK_TRUNC = 0x22;
/** fcntl.h, the same on every architecture. */
const O_RDWR_CREAT = 0o102;
/** The largest errno. */
const maxErrno = 4095;

/** Whether a call ended in an exception. */
const isThrown = (outcome: unknown): boolean => outcome instanceof Error;
/** Whether it ended in an exception, or the kernel refused it. */
const isRefused = (outcome: unknown): boolean =>
  isThrown(outcome) || (typeof outcome === 'number' && outcome < 0 && outcome >= -maxErrno);

/** The functions of the C half, called with anything. */
export class Calls {
  private readonly functions: ReadonlyMap<string, (...args: never[]) => unknown>;
  private readonly failures: string[] = [];
  private count = 0;

  constructor(native: object) {
    this.functions = new Map(Object.entries(native).filter(([, value]) => typeof value === 'function'));
  }

  /** What a call returned, or the exception that it threw. */
  outcome(name: string, args: readonly unknown[]): unknown {
    const called = this.functions.get(name);
    if (called === undefined) return `there is no ${name}`;
    this.count++;
    try {
      return Reflect.apply(called, undefined, args);
    } catch (error) {
      return error;
    }
  }

  /** Records a call with an unexpected outcome. */
  private expect(name: string, args: readonly unknown[], isRight: (outcome: unknown) => boolean): void {
    const outcome = this.outcome(name, args);
    if (!isRight(outcome))
      this.failures.push(`${name}(${args.map(described).join(', ')}): ${described(outcome)}`);
  }

  /** Every call that must be refused, and every view that must be kept to. */
  checked(directory: string): string[] {
    const [there, known] = [[...this.functions.keys()], Object.keys(signatures)].map((names) =>
      names.sort().join(),
    );
    if (there !== known) this.failures.push(`the functions are ${there}`);
    for (const [name, kinds] of Object.entries(signatures)) {
      this.expectTypes(name, kinds);
      this.expectTraps(name, kinds);
    }
    this.expectViews(directory);
    this.expectLists();
    return [...this.failures, `${this.count} calls`];
  }

  private expectTypes(name: string, kinds: readonly Kind[]): void {
    const right = kinds.map(harmless);
    for (const [at, kind] of kinds.entries()) {
      this.expect(name, right.slice(0, at), isThrown);
      for (const value of wrong(kind)) this.expect(name, right.with(at, value), isThrown);
      if (kind !== 'path') continue;
      for (const path of noPaths) this.expect(name, right.with(at, path), isRefused);
    }
  }

  /** Objects must not be converted, since that could invalidate another argument. */
  private expectTraps(name: string, kinds: readonly Kind[]): void {
    for (const at of kinds.keys()) {
      const bytes = new Uint8Array(64);
      const trap = new Trap(bytes.buffer);
      const args = kinds.map((kind) => (kind === 'bytes' ? bytes : harmless(kind)));
      this.expect(name, args.with(at, trap.object()), (outcome) => isThrown(outcome) && !trap.sprung);
    }
  }

  /** @param length what the call must return for a view of that length */
  private expectView(
    name: string,
    args: (view: Uint8Array) => unknown[],
    length: (of: number) => number,
  ): void {
    for (const { what, view, isChanged, had, isDamaged } of views()) {
      const outcome = this.outcome(name, args(view));
      const number = typeof outcome === 'string' ? outcome.length : outcome;
      const isRight =
        number === length(view.length) || (isChanged && (isThrown(outcome) || number === length(had)));
      if (!isRight) this.failures.push(`${name} of ${what}: ${described(outcome)}`);
      if (isDamaged()) this.failures.push(`${name} of ${what} writes beside it`);
    }
  }

  private expectViews(directory: string): void {
    const open = (path: string): unknown =>
      this.outcome('open', [`${directory}/${path}`, O_RDWR_CREAT, 0o600]);
    const written = open('written');
    this.expectView(
      'write',
      (view) => [written, view],
      (length) => length,
    );
    this.expectView(
      'pwrite',
      (view) => [written, view, 1000],
      (length) => length,
    );
    this.expectView(
      'read',
      (view) => [open('hundred'), view],
      (length) => Math.min(length, 100),
    );
    this.expectView(
      'random',
      (view) => [view],
      (length) => Math.min(length, 256),
    );
    this.expectView(
      'decode',
      (view) => [view],
      (length) => length,
    );
    const socket = this.outcome('socket', [AF_NETLINK, SOCK_RAW_NONBLOCK, 0]);
    this.expect('send', [socket, request, 0], (outcome) => outcome === request.length);
    const whole = this.outcome('recv', [socket, new Uint8Array(65_536), MSG_PEEK_TRUNC]);
    this.expectView(
      'recv',
      (view) => [socket, view, MSG_PEEK_TRUNC],
      () => Number(whole),
    );
    for (const { what, view, isChanged, had } of views()) {
      const outcome = this.outcome('run', ['/bin/cat', ['cat'], [], view, 65_536, 20_000, 0]);
      const [status, signal, stdout] = Array.isArray(outcome) ? outcome : [];
      const isWhole = stdout?.length === view.length || (isChanged && stdout?.length === had);
      const isRight = status === 0 && signal === 0 && isWhole;
      if (!isRight && !(isChanged && isThrown(outcome))) {
        this.failures.push(`run with ${what}: ${described(outcome)}`);
      }
    }
  }

  /** In a list only the items may run code: a computed item. */
  private expectLists(): void {
    const bytes = new Uint8Array(64);
    const list = ['cat', '-'];
    const run = (stdin: Uint8Array): unknown[] => ['/bin/cat', list, [], stdin, 65_536, 20_000, 0];
    Object.defineProperty(list, 1, {
      get() {
        list.length = 1;
        bytes.buffer.transfer();
        return '-';
      },
    });
    const isEmpty = (outcome: unknown) => Array.isArray(outcome) && outcome[2]?.length === 0;
    this.expect('run', run(bytes), (outcome) => isThrown(outcome) || isEmpty(outcome));
    Object.defineProperty(list, 0, {
      get() {
        throw new RangeError('an item');
      },
    });
    this.expect('run', run(new Uint8Array(8)), (outcome) => outcome instanceof RangeError);
  }
}
