import { CniError, errorCode } from '../../cni/error.ts';
import { isObject, type JsonObject } from '../../cni/json.ts';
import { decodeText } from '../../netlink/bytes.ts';
import { keysAt } from './generated/validate-config.ts';
import { findJsonError } from './json-position.ts';

/** Decodes the configuration's bytes. * @throws CniError code 6 that says where the bytes stop being a JSON object */
export function decodeConfig(bytes: Uint8Array): JsonObject {
  const text = decodeText(bytes);
  if (text.trim() === '') throw undecodable('standard input is empty');
  if (text.startsWith('\ufeff')) throw undecodable('it begins with a byte order mark');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw undecodable(`not JSON at ${findJsonError(text)}`);
  }
  if (!isObject(json)) throw undecodable('it is not a JSON object');
  return json;
}

/**
 * Normalizes the case of known keys, since Go matches them in any case and configurations rely on it; an exact match
 * wins. A known key whose value is null or an empty string counts as absent, as it does in Go. Everything else is kept.
 *
 * @param unknown is told of each unknown key, and the place of its object: `ipam.ranges[][]`
 */
export function canonicalKeys(config: JsonObject, unknown: UnknownKey = () => undefined): unknown {
  return withCanonicalKeys(config, '', unknown);
}

/** Takes notice of a key that isn't known. */
export type UnknownKey = (place: string, key: string) => void;

function withCanonicalKeys(value: unknown, place: string, unknown: UnknownKey): unknown {
  if (Array.isArray(value)) {
    const items = `${place}[]`;
    return keysAt.has(items) ? value.map((item) => withCanonicalKeys(item, items, unknown)) : value;
  }
  const known = keysAt.get(place);
  if (known === undefined || !isObject(value)) return value;

  const result: Record<string, unknown> = {};
  for (const written of Object.keys(value)) {
    const inner = value[written];
    const key = known.includes(written) ? written : inAnyCase(known, written);
    if (key === undefined) {
      result[written] = inner;
      unknown(place, written);
    } else if (inner !== null && inner !== '' && (key === written || !Object.hasOwn(value, key))) {
      result[key] = withCanonicalKeys(inner, place === '' ? key : `${place}.${key}`, unknown);
    }
  }
  return result;
}

function inAnyCase(known: readonly string[], written: string): string | undefined {
  const lower = written.toLowerCase();
  return known.find((key) => key.toLowerCase() === lower);
}

function undecodable(why: string): CniError {
  return new CniError(errorCode.decoding, `cannot decode the network configuration: ${why}`);
}
