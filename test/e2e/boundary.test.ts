import { resolve } from 'node:path';
import type { Outcome } from '../support/host.ts';
import { compile } from '../support/libc/hosts.ts';
import { textOutcomes } from '../support/libc/texts.ts';
import { useHost } from '../support/use-host.ts';

// BOUNDARY is another executable of test/support/libc/boundary.ts: `make sanitize` makes one with sanitizers in it.
const executable = resolve(process.env.BOUNDARY ?? compile('boundary.ts'));
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const cases = process.env.CASES ?? '5000';
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

describe('between TypeScript and C', () => {
  const host = useHost();
  beforeEach(() => {
    host.sh('mkdir /run/directory && head -c 100 /dev/zero | tr "\\0" A >/run/directory/hundred');
  });

  const sanitizers = Object.entries(process.env).filter(([name]) => name.endsWith('SAN_OPTIONS'));

  /** What a part of the executable prints; it must exit by itself. */
  function part(name: string, more: Readonly<Record<string, string>> = {}): Outcome {
    const variables = Object.entries({ PART: name, DIRECTORY: '/run/directory', ...more });
    const pairs = [...sanitizers, ...variables].map(([key, value]) => `${key}=${value}`);
    const outcome = host.run(['timeout', '-s', 'KILL', '300', 'env', '-i', ...pairs, executable]);
    const { status, stdout, stderr } = outcome;
    if (status !== 0) throw new Error(`${name}: exit ${status}\n${stdout}${stderr.slice(-5000)}`);
    return outcome;
  }

  test('text becomes the same bytes as on Node, and bytes the same text, however wrong they are', () => {
    const encoder = new TextEncoder();
    const expected = textOutcomes({
      encode: (text) => encoder.encode(text),
      decode: (bytes) => decoder.decode(bytes),
    });
    expect(part('texts').stdout.trimEnd().split('\n')).toEqual(expected);
  });

  test('a value of a wrong type is an exception, and no call reaches beyond the bytes that it is given', () => {
    expect(part('calls').stdout).toMatch(/^\d{4,} calls\n$/);
  });

  test(`anything called with anything: no crash, and no byte beside (SEED=${seed})`, () => {
    const { stdout } = part('fuzz', { SEED: String(seed), CASES: cases });
    expect(stdout).toBe(`${cases} calls\n`);
  });

  test('no two processes share random bytes', () => {
    const all = Array.from({ length: 20 }, () => part('random').stdout);
    expect(new Set(all).size).toBe(20);
    for (const one of all) expect(one).toMatch(/^[\da-f]{64}\n$/);
  });

  test('its name and its variables are read as Node reads them, also where they are not UTF-8', () => {
    const odd = [
      [0xff, 0xc0, 0xaf],
      [0x61, 0xed, 0xa0, 0x80, 0x62],
      [0xf0, 0x9f, 0x98],
      [0xef, 0xbb, 0xbf, 0x78],
    ];
    const printed = (bytes: readonly number[]): string =>
      `"$(printf '${bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}')"`;
    const pairs = odd.map((bytes, index) => `V${index}=${printed(bytes)}`);
    const more = [...sanitizers, ['PART', 'environment']].map(([name, value]) => `${name}=${value}`);
    const run = `bash -c 'exec -a "$0" "$1"' ${printed(odd[0] ?? [])} ${executable}`;
    const { status, stdout } = host.run([
      'bash',
      '-c',
      `exec env -i ${[...pairs, ...more].join(' ')} ${run}`,
    ]);
    expect(status).toBe(0);
    const { argv0, variables } = JSON.parse(stdout);
    const read = odd.map((bytes) => decoder.decode(Uint8Array.from(bytes)));
    expect(read.map((_, index) => variables[`V${index}`])).toEqual(read);
    expect(argv0).toBe(read[0]);
  });
});
