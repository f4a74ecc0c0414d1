import { readFileSync } from 'node:fs';

interface Schema {
  readonly properties: Record<string, { default?: unknown }>;
  readonly definitions: Record<string, Schema>;
}

const schemaOf = (name: string): Schema =>
  JSON.parse(readFileSync(`plugin/config/${name}.schema.json`, 'utf8'));

const [, bridge = '', hostLocal = ''] = readFileSync('docs/options.md', 'utf8').split(/^## .*$/m);

/** What a section of docs/options.md says the defaults are, by key. */
function defaultsIn(section: string): Map<string, string> {
  const rows = [...section.matchAll(/^\| `(.*?)` \| (?:`?(.*?)`? )?\|/gm)];
  return new Map(rows.map(([, key = '', value = '']) => [key, value]));
}

const filledInByTheRuntime = ['prevResult', 'cni.dev/valid-attachments'];

test.each([
  ['the bridge', bridge, schemaOf('bridge').properties],
  ['host-local', hostLocal, schemaOf('host-local').definitions.ipam?.properties ?? {}],
])('docs/options.md has every option of %s with its default', (_name, section, properties) => {
  const documented = defaultsIn(section);
  const keys = Object.keys(properties).filter((key) => !filledInByTheRuntime.includes(key));
  expect(keys.filter((key) => !documented.has(key) && key !== 'type')).toEqual([]);
  for (const key of keys) {
    const value = properties[key]?.default;
    if (value === undefined || value === 0) continue;
    expect([key, documented.get(key)]).toEqual([key, String(value)]);
  }
});
