import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

test('a quick benchmark measures every call of both plugins, and judges nothing', () => {
  const { status, stdout, stderr } = spawnSync(
    'build/in-host',
    ['node_modules/.bin/bun', 'test/bench/main.ts'],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH ?? '',
        PAIRS: '1',
        CONTENDERS: 'bridge go',
        PARTS: 'calls phases',
      },
    },
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
  for (const row of [
    'VERSION',
    'ADD, masquerade',
    'DEL, no masquerade',
    'CHECK, masquerade',
    'peak memory',
  ]) {
    expect(stdout).toContain(`| ${row}`);
  }
  const { rows, courses } = JSON.parse(readFileSync('dist/bench/bench.json', 'utf8'));
  for (const { samples } of rows) {
    for (const values of [samples.bridge, samples.go]) {
      expect(values).not.toHaveLength(0);
      for (const value of values) expect(value).toBeGreaterThan(0);
    }
  }
  expect(courses.map(({ command }: { command: string }) => command)).toEqual(['ADD', 'DEL']);
  for (const { systemCalls } of courses) expect(systemCalls.bridge).toBeGreaterThan(0);
  expect(readFileSync('dist/bench/bench.svg', 'utf8')).toContain('</svg>');
}, 300_000);
