import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { delegateAdd } from '../../ipam/delegate.ts';

/** The same call under the other runtime, which has a child_process of its own. */
function addUnderBun(call: object): string {
  const code = `const { delegateAdd } = await import(${JSON.stringify(resolve('ipam/delegate.ts'))});
    const call = ${JSON.stringify(call)};
    try { delegateAdd('slow', { ...call, stdin: new TextEncoder().encode(call.stdin) }); }
    catch (error) { console.log(error.message); }`;
  const { stdout, stderr } = spawnSync('node_modules/.bin/bun', ['-e', code], { encoding: 'utf8' });
  return stdout.trim() + stderr;
}

function addUnderNode(call: {
  path: string[];
  environment: object;
  stdin: string;
  deadline: number;
}): string {
  try {
    delegateAdd('slow', { ...call, environment: {}, stdin: new TextEncoder().encode(call.stdin) });
    return '';
  } catch (error) {
    return String(error).replace('CniError: ', '');
  }
}

describe.each([
  ['Node', addUnderNode],
  ['Bun', addUnderBun],
])('a delegate that hangs, under %s', (_runtime, addUnder) => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/delegate-`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ['at once', 'exec sleep 100'],
    ['and ignores SIGTERM', `trap '' TERM; exec sleep 100`],
    [
      'after its answer',
      `echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.2/24"}]}'; exec sleep 100`,
    ],
    ['while it prints', 'while echo .; do :; done'],
  ])('%s is ended at the deadline, and its DEL is called', (_how, body) => {
    writeFileSync(
      `${folder}/slow`,
      `#!/bin/sh\n[ $CNI_COMMAND = ADD ] || exec touch ${folder}/deleted\n${body}\n`,
      {
        mode: 0o755,
      },
    );
    const call = { path: [folder], environment: {}, stdin: '{}', deadline: 300 };
    const began = Date.now();
    const told = addUnder(call);
    expect(told).toMatch(
      /^IPAM plugin slow failed at ADD: it (did not end within 0\.3 s|printed more than 4 MiB)$/,
    );
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(spawnSync('test', ['-e', `${folder}/deleted`]).status).toBe(0);
  });
});
