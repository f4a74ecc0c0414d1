import { readFileSync } from 'node:fs';

/** What a call does with the kernel. */
export interface Work {
  /** System calls of all kinds. */
  readonly calls: number;
  /** Netlink datagrams that it sends, each with one message or several. */
  readonly sent: number;
  /** Bytes of the netlink datagrams that it receives. */
  readonly received: number;
}

/** The program that traces a call, to be put before it. */
export const strace = (file: string): string[] => ['strace', '-f', '-s', '0', '-o', file];

/** Counts a trace: netlink is all that these programs use sockets for. */
export function count(file: string): Work {
  const lines = readFileSync(file, 'latin1').split('\n');
  const results = (call: RegExp) =>
    lines.filter((line) => call.test(line)).map((line) => Number(line.match(/= (\d+)$/)?.[1] ?? 0));
  return {
    calls: lines.filter((line) => /^\d+ +\w+\(/.test(line)).length,
    sent: results(/^\d+ +send(to|msg)\(/).length,
    received: results(/^\d+ +recv(from|msg)\(/).reduce((sum, bytes) => sum + bytes, 0),
  };
}
