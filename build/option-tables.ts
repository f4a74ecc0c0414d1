import type { AnySchemaObject } from 'ajv';
import { at, below, ownProperties, type Placed, resolved } from './schemas.ts';

/** A row of docs/options.md: what the schema says about a key. */
export interface Option {
  /** From the table's object on, as in `vlanTrunk[].id`. */
  readonly key: string;
  readonly description: string;
  /** Undefined if it has none. */
  readonly default: unknown;
  /** What holds without the key, in words. */
  readonly unset: string | undefined;
  readonly examples: readonly unknown[];
  /** The first version that has it. */
  readonly since: string;
  /** What the Go plugin does with it: `the same`, `doesn't have it`, or what differs. */
  readonly goPlugin: string;
  /** The link to a longer explanation. */
  readonly more: string | undefined;
  /** Where its schema is, as a `$ref` says it. */
  readonly at: string;
}

type TableName = 'bridge' | 'host-local';

const columns = ['option', 'what it does', 'default', 'example', 'since'];

/**
 * The options of each table, those of objects and lists within after the option that they are in. What several options
 * share, such as a range's keys, is in one place alone.
 *
 * @throws Error that names an option which lacks an annotation
 */
export function optionsByTable(): Readonly<Record<TableName, readonly Option[]>> {
  const seen = new Set<AnySchemaObject>();
  // First, since a range's keys are rather its than those of runtimeConfig.ipRanges.
  const hostLocal = optionsBelow(at('host-local.schema.json#/definitions/ipam'), '', seen, {});
  return { 'host-local': hostLocal, bridge: optionsBelow(at('bridge.schema.json#'), '', seen, {}) };
}

/**
 * docs/options.md with its tables as the schemas have them.
 *
 * @param page as it is
 * @throws Error that names an option which lacks an annotation, or a table without its two marker lines
 */
export function withTables(page: string): string {
  const { bridge, 'host-local': hostLocal } = optionsByTable();
  const half = withTable(page, 'bridge', table(bridge, 'the Go plugin'));
  return withTable(half, 'host-local', table(hostLocal, 'the Go host-local'));
}

function withTable(page: string, name: TableName, lines: string): string {
  const begin = `<!-- options of ${name}: make options writes them -->\n`;
  const end = `<!-- end of ${name} -->\n`;
  const parts = page.split(begin);
  const rest = parts[1]?.split(end);
  if (parts.length !== 2 || rest?.length !== 2) {
    throw new Error(`a table needs two marker lines, once each: ${begin.trim()} and ${end.trim()}`);
  }
  return `${parts[0]}${begin}\n${lines}\n${end}${rest[1]}`;
}

function optionsBelow(
  object: Placed,
  prefix: string,
  seen: Set<AnySchemaObject>,
  above: AnySchemaObject,
): Option[] {
  if (seen.has(object.schema)) return [];
  seen.add(object.schema);
  return ownProperties(object).flatMap(([name, property]) => {
    const target = resolved(property);
    const { since, goPlugin } = above;
    const schema: AnySchemaObject = { since, goPlugin, ...target.schema, ...property.schema };
    const key = prefix + name;
    // An object without a description has no row, only its keys have.
    const isPlain = schema.properties !== undefined && schema.description === undefined;
    const own = isPlain ? [] : [option(key, schema, property.at)];
    return [...own, ...optionsWithin(target, key, seen, schema)];
  });
}

/** The keys of an object, or of the objects in a list or a list of lists. */
function optionsWithin(
  placed: Placed,
  key: string,
  seen: Set<AnySchemaObject>,
  above: AnySchemaObject,
): Option[] {
  if (placed.schema.items === undefined) return optionsBelow(placed, `${key}.`, seen, above);
  return optionsWithin(resolved(below(placed, 'items')), `${key}[]`, seen, above);
}

function option(key: string, schema: AnySchemaObject, place: string): Option {
  const { description, since, goPlugin, examples, unset, more } = schema;
  const needed = { description, since, goPlugin, examples };
  for (const [annotation, value] of Object.entries(needed)) {
    if (value === undefined) throw new Error(`plugin/config/${place}: ${key} lacks "${annotation}"`);
  }
  return { key, description, default: schema.default, unset, examples, since, goPlugin, more, at: place };
}

function table(options: readonly Option[], other: string): string {
  const head = [...columns, other];
  const rows = [head, head.map(() => '---'), ...options.map(cells)];
  return rows.map((row) => `|${row.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|\n`).join('');
}

function cells(option: Option): string[] {
  const { key, description, unset, examples, since, goPlugin, more } = option;
  const byDefault = [option.default === undefined ? '' : code(option.default), unset ?? ''];
  return [
    `\`${key}\``,
    text(more === undefined ? description : `${description} [More](${more})`),
    text(byDefault.filter((part) => part !== '').join(', ')),
    examples.map(code).join(', '),
    text(since),
    text(goPlugin),
  ];
}

/** A value as people write JSON, on one line. */
function code(value: unknown): string {
  const json = JSON.stringify(value, null, 1)
    .replace(/\[\n */g, '[')
    .replace(/\n *\]/g, ']');
  return text(`\`${json.replace(/\n */g, ' ')}\``);
}

/** Text in a cell, where a bar would end it. */
function text(words: string): string {
  return words.replaceAll('|', '\\|');
}
