import { readFileSync } from 'node:fs';
import type { AnySchemaObject } from 'ajv';

/** The two JSON Schemas of the configuration, by the names that their references use. */
export const schemas: Readonly<Record<string, AnySchemaObject>> = {
  'bridge.schema.json': readSchema('bridge.schema.json'),
  'host-local.schema.json': readSchema('host-local.schema.json'),
};

function readSchema(name: string): AnySchemaObject {
  return JSON.parse(readFileSync(`plugin/config/${name}`, 'utf8'));
}

/** A part of one of the schemas. */
export interface Placed {
  readonly schema: AnySchemaObject;
  /** Its file and its JSON pointer, `host-local.schema.json#/definitions/ip`: what a `$ref` to it says. */
  readonly at: string;
}

/** What a reference leads to. */
export function at(reference: string): Placed {
  const [file = '', pointer = ''] = reference.split('#');
  let schema: AnySchemaObject | undefined = schemas[file];
  for (const step of pointer.split('/').slice(1)) schema = schema?.[unescaped(step)];
  if (schema === undefined) throw new Error(`there is nothing at ${reference}`);
  return { schema, at: `${file}#${pointer}` };
}

/** The part of a part that these keys lead to. */
export function below(placed: Placed, ...keys: readonly string[]): Placed {
  return at([placed.at, ...keys.map(escaped)].join('/'));
}

/** What a schema's `$ref` leads to, or the schema itself. */
export function resolved(placed: Placed): Placed {
  const { $ref } = placed.schema;
  if (typeof $ref !== 'string') return placed;
  return resolved(at($ref.startsWith('#') ? placed.at.split('#')[0] + $ref : $ref));
}

/** The properties that a schema itself has. */
export function ownProperties(placed: Placed): [string, Placed][] {
  return Object.keys(placed.schema.properties ?? {}).map((key) => [key, below(placed, 'properties', key)]);
}

/** RFC 6901, section 3. */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
