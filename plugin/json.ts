import { CniError, errorCode } from '../ipam/error.ts';

/** A JSON object whose values are yet to be looked at. */
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(key: string, must: string, value: unknown): CniError {
  return new CniError(
    errorCode.invalidConfig,
    'invalid configuration',
    `${key} must be ${must}, not ${JSON.stringify(value)}`,
  );
}

/**
 * Reads the values of one object, key by key. As in the Go plugins, a key may be written in any case (the exact
 * spelling goes first), and `null` is the same as none.
 */
export class Reader {
  /** @param path what leads to the object, for messages: empty, or `ipam.` */
  constructor(
    private readonly object: JsonObject,
    private readonly path = '',
  ) {}

  /** The value under a key; undefined for none. */
  value(key: string): unknown {
    const lower = key.toLowerCase();
    const name =
      key in this.object ? key : Object.keys(this.object).find((one) => one.toLowerCase() === lower);
    return name === undefined ? undefined : (this.object[name] ?? undefined);
  }

  /** @throws CniError code 7, here and below, for a value of another type */
  string(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(this.path + key, 'a string', value);
  }

  boolean(key: string): boolean {
    const value = this.value(key);
    if (value === undefined) return false;
    if (typeof value === 'boolean') return value;
    throw invalid(this.path + key, 'true or false', value);
  }

  integer(key: string, least: number, most: number): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw invalid(this.path + key, `an integer from ${least} to ${most}`, value);
  }

  nested(key: string): Reader {
    const value = this.value(key);
    if (value === undefined) return new Reader({}, `${this.path}${key}.`);
    if (isObject(value)) return new Reader(value, `${this.path}${key}.`);
    throw invalid(this.path + key, 'an object', value);
  }

  /** The elements of a list, each read by `read`; undefined for none. */
  list<T>(key: string, read: (element: unknown, path: string) => T): T[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw invalid(this.path + key, 'a list', value);
    return value.map((element: unknown, index) => read(element, `${this.path}${key}[${index}]`));
  }

  strings(key: string): string[] | undefined {
    return this.list(key, (element, path) => {
      if (typeof element === 'string') return element;
      throw invalid(path, 'a string', element);
    });
  }

  objects<T>(key: string, read: (reader: Reader) => T): T[] | undefined {
    return this.list(key, (element, path) => {
      if (isObject(element)) return read(new Reader(element, `${path}.`));
      throw invalid(path, 'an object', element);
    });
  }
}
