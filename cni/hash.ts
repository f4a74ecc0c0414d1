/**
 * 64 bits of a text, as 16 hex digits: FNV-1a in two lanes, each mixed at the end. Collisions are possible: whoever
 * finds a thing by its hash compares the thing itself.
 * @example hash64('c1') // 'c154d6fa980e601a'
 */
export function hash64(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return [a, b]
    .map((lane) => {
      const mixed = Math.imul(lane ^ (lane >>> 16), 0x45d9f3b);
      return ((mixed ^ (mixed >>> 15)) >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}
