import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { onBothHosts } from '../support/libc/hosts.ts';

describe.each(onBothHosts('delegate.ts'))('a delegate that hangs, on %s', (_host, [program, ...words]) => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/delegate-`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

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
      `${directory}/slow`,
      `#!/bin/sh\n[ $CNI_COMMAND = ADD ] || exec touch ${directory}/deleted\n${body}\n`,
      {
        mode: 0o755,
      },
    );
    const env = { PATH: process.env.PATH, DIRECTORY: directory, DEADLINE: '300' };
    const began = Date.now();
    const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', env });
    expect(stdout + stderr).toMatch(
      /^IPAM plugin slow failed at ADD: it (did not end within 0\.3 s|printed more than 4 MiB)$/,
    );
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(existsSync(`${directory}/deleted`)).toBe(true);
  });
});
