type Callback<T, U> = (item: T, index: number, list: readonly T[]) => U;

/**
 * Methods of Array.prototype, for lists without holes. Bun's engine keeps its own as source text, which it parses when
 * one is first called, in 0.03 to 0.15 ms for each: together a sixth of a whole ADD. These are in the executable's
 * bytecode, and ready in a tenth of that.
 */
export const arrayMethods = {
  map<T, U>(this: readonly T[], callback: Callback<T, U>, self?: unknown): U[] {
    const result: U[] = [];
    for (let i = 0; i < this.length; i++) result.push(callback.call(self, this[i] as T, i, this));
    return result;
  },
  filter<T>(this: readonly T[], callback: Callback<T, unknown>, self?: unknown): T[] {
    const result: T[] = [];
    for (let i = 0; i < this.length; i++) {
      const item = this[i] as T;
      if (callback.call(self, item, i, this)) result.push(item);
    }
    return result;
  },
  flatMap<T, U>(this: readonly T[], callback: Callback<T, U | readonly U[]>, self?: unknown): U[] {
    const result: U[] = [];
    for (let i = 0; i < this.length; i++) {
      const items = callback.call(self, this[i] as T, i, this);
      if (!Array.isArray(items)) result.push(items as U);
      else for (let j = 0; j < items.length; j++) result.push(items[j]);
    }
    return result;
  },
  find<T>(this: readonly T[], callback: Callback<T, unknown>, self?: unknown): T | undefined {
    for (let i = 0; i < this.length; i++) {
      const item = this[i] as T;
      if (callback.call(self, item, i, this)) return item;
    }
    return undefined;
  },
  findIndex<T>(this: readonly T[], callback: Callback<T, unknown>, self?: unknown): number {
    for (let i = 0; i < this.length; i++) if (callback.call(self, this[i] as T, i, this)) return i;
    return -1;
  },
  some<T>(this: readonly T[], callback: Callback<T, unknown>, self?: unknown): boolean {
    for (let i = 0; i < this.length; i++) if (callback.call(self, this[i] as T, i, this)) return true;
    return false;
  },
  every<T>(this: readonly T[], callback: Callback<T, unknown>, self?: unknown): boolean {
    for (let i = 0; i < this.length; i++) if (!callback.call(self, this[i] as T, i, this)) return false;
    return true;
  },
  at<T>(this: readonly T[], index: number): T | undefined {
    return this[index < 0 ? this.length + index : index];
  },
};

/** Puts the methods in the place of the engine's. */
export function installArrayMethods(): void {
  for (const [name, value] of Object.entries(arrayMethods)) {
    Object.defineProperty(Array.prototype, name, { value, writable: true, configurable: true });
  }
}
