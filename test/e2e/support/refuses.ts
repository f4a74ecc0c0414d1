import { articleAs } from '../../support/article.ts';
import { executables, failure } from '../../support/cni.ts';
import { shareHost } from '../../support/use-host.ts';

/** A change to the article's configuration, the code that refuses it, and the text that names key and value. */
export type Refused = [difference: object, code: number, words: string];

/** Describes what an ADD refuses before it touches anything. */
export function refuses(refused: readonly Refused[]): void {
  describe.each(executables)('a configuration that %s refuses', (_name, bridge) => {
    const host = shareHost('c1');
    let before: string;
    beforeAll(() => {
      before = host.snapshot('c1');
    });

    test.each(refused)('%j', (difference, code, words) => {
      const error = failure(host, bridge, 'ADD', { conf: { ...articleAs('1.1.0'), ...difference } });
      expect(`${error.msg}: ${error.details ?? ''}`).toContain(words);
      expect(error.code).toBe(code);
      expect(host.snapshot('c1')).toBe(before);
    });
  });
}
