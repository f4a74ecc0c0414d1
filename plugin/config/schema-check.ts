import { CniError, errorCode } from '../../cni/error.ts';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { type Guard, rules, type SchemaError } from './generated/validate-config.ts';
import { canonicalKeys, type UnknownKey } from './json.ts';

/** Takes note of a mistake in a part that the command doesn't need; false if it does. */
export type Tolerate = (path: readonly string[], reason: string) => boolean;

/**
 * Checks a configuration against its JSON Schema, the case of known keys normalized.
 *
 * @param tolerate is asked about each mistake. A tolerated one is removed: the key at the top level, or in `ipam` the
 * key below it
 * @param unknown as in {@link canonicalKeys}
 * @throws CniError code 7 that names key and value
 */
export function checkSchema<T>(
  config: JsonObject,
  guard: Guard<T>,
  tolerate: Tolerate,
  unknown?: UnknownKey,
): T {
  let checked = canonicalKeys(config, unknown);
  for (;;) {
    if (guard(checked)) return checked;
    const [error] = guard.errors ?? [];
    const path = (error?.instancePath ?? '').split('/').slice(1).map(unescaped);
    const reason = explain(checked, path, error);
    if (!isObject(checked) || !tolerate(path, reason)) throw invalidConfig(reason);
    checked = without(checked, path[0] === 'ipam' ? path.slice(0, 2) : path.slice(0, 1));
  }
}

/** A configuration reduced to these keys, which may be spelt in any case. */
export function onlyKeys(config: JsonObject, keys: readonly string[]): JsonObject {
  const lower = keys.map((key) => key.toLowerCase());
  return Object.fromEntries(Object.entries(config).filter(([key]) => lower.includes(key.toLowerCase())));
}

/** The error for an invalid configuration; `reason` begins with the key. */
export function invalidConfig(reason: string): CniError {
  return new CniError(errorCode.invalidConfig, `invalid configuration: ${reason}`);
}

/** A value as errors show it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function explain(config: unknown, path: readonly string[], error: SchemaError | undefined): string {
  const missing = error?.params.missingProperty;
  if (typeof missing === 'string') {
    const { property } = error?.params ?? {};
    const why = typeof property === 'string' ? `is missing, but ${property} needs it` : 'is missing';
    return `${dotted([...path, missing])}: ${why}`;
  }
  let value = config;
  let place = '';
  for (const step of path) {
    place += Array.isArray(value) ? '[]' : place === '' ? step : `.${step}`;
    value = Array.isArray(value) ? value[Number(step)] : isObject(value) ? value[step] : undefined;
  }
  return `${dotted(path)}: ${rules[place] ?? 'is invalid'}, not ${shown(value)}`;
}

function without(config: JsonObject, [key = '', inner]: readonly string[]): JsonObject {
  const { [key]: value, ...rest } = config;
  return inner !== undefined && isObject(value) ? { ...rest, [key]: without(value, [inner]) } : rest;
}

function dotted(path: readonly string[]): string {
  return path.reduce((whole, step) => {
    if (/^\d+$/.test(step)) return `${whole}[${step}]`;
    return whole === '' ? step : `${whole}.${step}`;
  }, '');
}

/** RFC 6901, section 4. */
function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
