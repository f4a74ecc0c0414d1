import { articleAs } from '../support/article.ts';
import { add, call, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = articleAs('1.1.0');

/** A system call for opening both sides that fails: with this errno, when it is called for the nth time. */
const faults: [string, string][] = [
  ['the socket on the first side', 'socket:error=EMFILE:when=1'],
  ['the socket on the second side', 'socket:error=EMFILE:when=2'],
  ['entering the namespace', 'setns:error=EPERM:when=1+3'],
];

/** The namespaces and netlink sockets that an strace trace opens and doesn't close. */
function leftOpen(trace: string): string[] {
  const open = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const opened = /(?:\/ns\/net|\/run\/netns\/\w+|AF_NETLINK).* = (\d+)$/.exec(line);
    const closed = /\bclose\((\d+)\) += 0$/.exec(line);
    if (opened?.[1] !== undefined) open.set(opened[1], line);
    if (closed?.[1] !== undefined) open.delete(closed[1]);
  }
  return [...open.values()];
}

describe.each(executables)('descriptors of %s', (_name, bridge) => {
  const host = useHost('c1');

  test.each(['ADD', 'CHECK', 'DEL'])('%s closes every namespace and socket', (command) => {
    const prevResult = command === 'ADD' ? undefined : add(host, bridge, { conf });
    traced(command, { ...conf, prevResult }, []);
  });

  describe.each(['ADD', 'CHECK', 'DEL'])('%s closes them also when it fails at', (command) => {
    test.each(faults)('%s', (_what, fault) => {
      const prevResult = command === 'ADD' ? undefined : add(host, bridge, { conf });
      expect(traced(command, { ...conf, prevResult }, ['-e', `inject=${fault}`])).toContain('(INJECTED)');
    });
  });

  /** Runs a command under strace, expects that it has closed what it opened, and returns the trace. */
  function traced(command: string, config: object, more: readonly string[]): string {
    const under = [
      ...['/usr/bin/strace', '-f', '-o', '/run/trace'],
      ...['-e', 'trace=open,openat,socket,close,setns', ...more],
    ];
    call(host, bridge, command, { conf: config, under });
    // Every line begins with the thread's number.
    const trace = host.sh('cat /run/trace');
    expect(trace).toMatch(/AF_NETLINK.* = \d+$|INJECTED/m);
    expect(leftOpen(trace)).toEqual([]);
    return trace;
  }
});
