import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv, type AnySchemaObject } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';

// Generates plugin/config/generated/validate-config.ts from the two JSON Schemas: a validator and a TypeScript type for
// each, the names of keys, and the rules as text for errors.

const directory = 'plugin/config/generated';
const schemas: Readonly<Record<string, AnySchemaObject>> = {
  'bridge.schema.json': readSchema('plugin/config/bridge.schema.json'),
  'host-local.schema.json': readSchema('plugin/config/host-local.schema.json'),
};

function readSchema(path: string): AnySchemaObject {
  return JSON.parse(readFileSync(path, 'utf8'));
}

interface Placed {
  readonly schema: AnySchemaObject;
  /** The file that relative references are resolved against. */
  readonly file: string;
}

/** What a schema's `$ref` refers to, or the schema itself. */
function resolved({ schema, file }: Placed): Placed {
  if (typeof schema.$ref !== 'string') return { schema, file };
  const [name = '', pointer = ''] = schema.$ref.split('#');
  const target = name === '' ? file : name;
  let found: AnySchemaObject | undefined = schemas[target];
  for (const step of pointer.split('/').slice(1)) found = found?.[step];
  if (found === undefined) throw new Error(`${file}: nothing at ${schema.$ref}`);
  return resolved({ schema: found, file: target });
}

/** The properties of a schema, those of its `then` included. */
function properties({ schema, file }: Placed): [string, Placed][] {
  const own = Object.entries<AnySchemaObject>(schema.properties ?? {});
  const placed = own.map(([key, inner]): [string, Placed] => [key, { schema: inner, file }]);
  if (schema.then === undefined) return placed;
  const known = new Set(own.map(([key]) => key));
  const more = properties(resolved({ schema: schema.then, file }));
  return [...placed, ...more.filter(([key]) => !known.has(key))];
}

/** What a value must be, as text that follows its key. */
function rule(schema: AnySchemaObject): string {
  if (schema.errorMessage !== undefined) return schema.errorMessage;
  if (schema.enum !== undefined) {
    return `must be one of ${schema.enum.map((value: unknown) => JSON.stringify(value)).join(', ')}`;
  }
  if (schema.type === 'integer') return `must be an integer from ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'boolean') return 'must be true or false';
  if (schema.type === 'array') return 'must be a list';
  return `must be ${schema.type === 'object' ? 'an object' : `a ${schema.type}`}`;
}

/** Every place in a configuration that the schema describes, with its rule and the names of its keys. */
function places(unresolved: Placed, path = ''): { path: string; rule: string; keys: string[] }[] {
  const { schema, file } = resolved(unresolved);
  const inner = properties({ schema, file });
  const below = inner.flatMap(([key, value]) => places(value, path === '' ? key : `${path}.${key}`));
  const items = schema.items === undefined ? [] : places({ schema: schema.items, file }, `${path}[]`);
  return [{ path, rule: rule(schema), keys: inner.map(([key]) => key) }, ...below, ...items];
}

function typeText(unresolved: Placed): string {
  const { schema, file } = resolved(unresolved);
  if (schema.enum !== undefined) {
    return schema.enum.map((value: unknown) => JSON.stringify(value)).join(' | ');
  }
  if (Array.isArray(schema.type)) {
    return schema.type.map((type: unknown) => typeText({ schema: { ...schema, type }, file })).join(' | ');
  }
  if (schema.type === 'integer') return 'number';
  if (schema.type === 'array') return `readonly (${typeText({ schema: schema.items, file })})[]`;
  if (schema.type !== 'object') return schema.type;
  const members = properties({ schema, file }).map(([key, inner]) => {
    const optional = schema.required?.includes(key) === true ? '' : '?';
    return `readonly ${JSON.stringify(key)}${optional}: ${typeText(inner)};`;
  });
  return members.length === 0 ? 'Readonly<Record<string, unknown>>' : `{ ${members.join(' ')} }`;
}

/** The schema without what only editors show, since the compiled code contains parts of it. */
function bare(schema: AnySchemaObject): AnySchemaObject {
  const annotations = ['title', 'description', 'default', 'examples', 'errorMessage'];
  return JSON.parse(
    JSON.stringify(schema, (key, value) =>
      annotations.includes(key) && typeof value !== 'object' ? undefined : value,
    ),
  );
}

const ajv = new Ajv({
  code: { source: true, esm: true, optimize: 2 },
  messages: false,
  unicodeRegExp: false,
  // Type checks for keywords in an untyped part would only add code.
  strictTypes: false,
  strictRequired: false,
});
for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(bare(schema), name);

const guards = standalone(ajv, {
  validateBridge: 'bridge.schema.json',
  validateHostLocal: 'host-local.schema.json',
});

function placed(file: string): Placed {
  return { schema: readSchema(`plugin/config/${file}`), file };
}

const all = places(placed('bridge.schema.json'));
const ruleOf = Object.fromEntries(all.map(({ path, rule }) => [path, rule]));
const keysAt = all
  .filter(
    ({ path, keys }) =>
      keys.length > 0 ||
      (path.endsWith('[]') && all.some((one) => one.path === `${path}[]` && one.keys.length > 0)),
  )
  .map(({ path, keys }) => [path, keys]);

const code = `// @ts-nocheck Generated by build/validators.ts out of plugin/config/*.schema.json.
/** A configuration of the bridge, as its JSON Schema describes it. */
export type BridgeJson = ${typeText(placed('bridge.schema.json'))};
/** The configuration that host-local is called with. */
export type HostLocalJson = ${typeText(placed('host-local.schema.json'))};
/** Where a value violates the schema: a JSON pointer, and the violated keyword. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}
/** Whether a value matches a schema; if not, \`errors\` says why, the cause first. */
export interface Guard<T> {
  (value: unknown): value is T;
  errors?: readonly SchemaError[] | null;
}
/**
 * The key names of each object in the bridge's configuration, which includes host-local's, by its place, such as
 * \`ipam.ranges[][]\`; a list of objects has none.
 */
export const keysAt: ReadonlyMap<string, readonly string[]> = new Map(${JSON.stringify(keysAt)});
/** The rule for the value at each place, as text. */
export const rules: Readonly<Record<string, string>> = ${JSON.stringify(ruleOf)};
/** The pattern for the names of networks and containers. */
export const namePattern = /${schemas['host-local.schema.json']?.definitions.name.pattern}/;
export const isBridgeJson: Guard<BridgeJson> = (value) => check(isBridgeJson, validateBridge, value);
export const isHostLocalJson: Guard<HostLocalJson> = (value) => check(isHostLocalJson, validateHostLocal, value);
function check(guard, validate, value) {
  const valid = validate(value);
  guard.errors = validate.errors;
  return valid;
}
${guards}
`;
if (code.includes('require(')) throw new Error('the validators need a module at run time');

mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}/validate-config.ts`, code);
