import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { articleAs } from '../support/article.ts';
import { add, call, failure } from '../support/cni.ts';
import { compile } from '../support/libc/hosts.ts';
import { shareHost } from '../support/use-host.ts';
import { describeStatic } from './support/static.ts';

/** The heap's magic (netlink/libc/quickjs/host.h), and the length of the build ID after it. */
const magic = Buffer.from('CNI bridge heap\0');
const idLength = 64;

describeStatic('the heap in %s', (_name, bridge) => {
  const host = shareHost('c1', 'c2');

  const bytes = readFileSync(bridge);
  // The code has the same text, before it.
  const at = bytes.lastIndexOf(magic);

  /** An executable that differs in one byte. */
  function damaged(offset: number): string {
    const other = Buffer.from(bytes);
    other[offset] = (other[offset] ?? 0) ^ 1;
    const path = `/tmp/damaged-${process.pid}-${offset}`;
    writeFileSync(path, other, { mode: 0o755 });
    return path;
  }

  test('belongs to the code beside it, whose ID it bears', () => {
    expect(at).toBeGreaterThan(0);
    const id = bytes.toString('latin1', at + magic.length, at + magic.length + idLength);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    // The other is the code's own.
    expect(bytes.toString('latin1').split(id)).toHaveLength(3);
  });

  test.each([
    ['with the ID of other code', () => at + magic.length, 'its heap belongs to other code'],
    ['that is none', () => at, 'it has no heap'],
  ])('%s: the executable refuses to run, in words', (_what, offset, words) => {
    const path = damaged(offset());
    try {
      for (const command of ['VERSION', 'ADD', 'DEL']) {
        const { code, msg, details } = failure(host, path, command, { conf: {} });
        expect({ code, msg }).toEqual({ code: 999, msg: `this executable is damaged: ${words}` });
        expect(details).toBe('rebuild or reinstall it');
      }
    } finally {
      host.sh(`rm -f ${path}`);
    }
  });

  // Each copy of a page takes 2 µs. If the written blocks were all over the heap, there would be twice as many.
  test('lies so that a call writes to few of its pages', () => {
    const conf = articleAs('1.0.0');
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    let result: unknown;
    /** The number of page faults, including the process's start. */
    const faults = (command: string): number => {
      const under = ['/usr/bin/time', '-f', '%R', '-o', '/run/faults'];
      const outcome = call(host, bridge, command, { conf: { ...conf, prevResult: result }, under });
      expect({ command, ...outcome }).toMatchObject({ status: 0 });
      if (command === 'ADD') result = JSON.parse(outcome.stdout);
      return Number(host.sh('cat /run/faults'));
    };
    expect(faults('VERSION')).toBeLessThan(65);
    expect(faults('ADD')).toBeLessThan(140);
    expect(faults('CHECK')).toBeLessThan(140);
    expect(faults('DEL')).toBeLessThan(160);
  });
});

test('no code comes from text, and nothing of the host is in the globals', () => {
  const { code, globals, random } = JSON.parse(execFileSync(compile('code.ts'), { encoding: 'utf8' }));
  for (const outcome of Object.values(code)) expect(outcome).toBe('TypeError');
  expect(globals).toEqual([]);
  // The engine's random numbers are the same in every process.
  expect(random).toBe('undefined');
});
