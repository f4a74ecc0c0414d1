import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { type Option, optionsByTable, withTables } from '../../../build/option-tables.ts';
import { schemas } from '../../../build/schemas.ts';

const page = readFileSync('docs/options.md', 'utf8');
const tables = optionsByTable();
const all: readonly Option[] = [...tables.bridge, ...tables['host-local']];

/** The schemas as an editor has them, unknown keywords passed over. */
const ajv = new Ajv({ strict: false });
for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(schema, name);

/** A version as a number that grows with it. */
function rank(version: string): number {
  return version.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0);
}

test('the tables of docs/options.md are what `make options` writes', () => {
  expect(withTables(page)).toBe(page);
});

test('a table that was changed by hand is written anew, and nothing else', () => {
  const changed = page.replace(/^\| `mtu` .*\n/m, '').replace('| `vrf` |', '| `VRF` |');
  expect(changed).not.toBe(page);
  expect(withTables(changed)).toBe(page);
  expect(withTables(`${page}\nMore.\n`)).toBe(`${page}\nMore.\n`);
});

test.each([
  ['none', page.replace('<!-- end of bridge -->\n', '')],
  ['two', `${page}<!-- options of host-local: make options writes them -->\n`],
])('a page with %s of a marker line is refused', (_count, broken) => {
  expect(() => withTables(broken)).toThrow(/^a table needs two marker lines, once each: <!-- options of /);
});

test.each([
  ['bridge', schemas['bridge.schema.json']],
  ['host-local', schemas['host-local.schema.json']?.definitions.ipam],
] as const)('every key of %s has a row', (name, schema) => {
  const keys = tables[name].map(({ key }) => key);
  expect(keys).toEqual(expect.arrayContaining(Object.keys(schema?.properties)));
  expect(new Set(keys).size).toBe(keys.length);
});

test('keys of objects and of lists of objects have rows', () => {
  const keys = all.map(({ key }) => key);
  expect(keys).toEqual(
    expect.arrayContaining(['vlanTrunk[].minID', 'ranges[][].gateway', 'routes[].gw', 'args.cni.mac']),
  );
});

test.each(['description', 'since', 'goPlugin', 'examples'])('an option without %s is named', (annotation) => {
  const properties = schemas['bridge.schema.json']?.properties;
  const { [annotation]: _left, ...rest } = properties.vrf;
  try {
    properties.flood = rest;
    const message = `plugin/config/bridge.schema.json#/properties/flood: flood lacks "${annotation}"`;
    expect(optionsByTable).toThrow(message);
  } finally {
    delete properties.flood;
  }
});

test.each(all.map((option) => [option.key, option] as const))(
  '%s: examples and default are valid, one example is not the default',
  (_key, { at, default: byDefault, examples }) => {
    const values = byDefault === undefined ? examples : [...examples, byDefault];
    const validate = ajv.compile({ $ref: encodeURI(at) });
    expect(values.filter((value) => !validate(value))).toEqual([]);
    expect(examples).not.toContainEqual(byDefault);
    expect(examples.length).toBeGreaterThan(0);
  },
);

test.each(all.map((option) => [option.key, option] as const))(
  '%s: a version that there is, a description without links',
  (_key, { since, description }) => {
    const released = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## ([\d.]+),/gm)].map(([, v]) => v);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const versions = since.match(/\d+\.\d+\.\d+/g) ?? [];
    expect(versions).not.toEqual([]);
    for (const one of versions) {
      if (!released.includes(one)) expect(rank(one)).toBeGreaterThanOrEqual(rank(version));
    }
    expect(description).not.toMatch(/\]\(/);
    expect(description).toMatch(/\.$/);
  },
);
