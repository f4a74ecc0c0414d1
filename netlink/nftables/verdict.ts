import { Attributes, attributeList } from '../attribute.ts';
import {
  NF_ACCEPT,
  NF_DROP,
  NFT_GOTO,
  NFT_JUMP,
  NFT_RETURN,
  NFTA_DATA_VERDICT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_IMMEDIATE_DATA,
  NFTA_MATCH_NAME,
  NFTA_TARGET_NAME,
  NFTA_VERDICT_CHAIN,
  NFTA_VERDICT_CODE,
} from '../linux/nf_tables.ts';

/** What becomes of a packet: an end, or the chain that it goes to, for good with `isGoto`. */
export type Verdict = 'accept' | 'drop' | 'return' | { readonly chain: string; readonly isGoto: boolean };

const ends: Readonly<Record<number, Verdict>> = {
  [NF_ACCEPT]: 'accept',
  [NF_DROP]: 'drop',
  [NFT_RETURN]: 'return',
};

/** Whether an expression lets every packet go on to the next one. */
function isPassed(name: string, data: Attributes): boolean {
  if (name === 'match') return data.get(NFTA_MATCH_NAME) === 'comment';
  return name === 'counter' || name === 'log';
}

/**
 * What becomes of every packet that comes to a rule; undefined where that depends on the packet.
 * @param expressions the payload of NFTA_RULE_EXPRESSIONS
 */
export function verdictForAll(expressions: Uint8Array): Verdict | undefined {
  for (const [, bytes] of attributeList(expressions)) {
    const expression = new Attributes(bytes);
    const name = expression.get(NFTA_EXPR_NAME);
    const data = expression.nested(NFTA_EXPR_DATA);
    if (name === 'reject') return 'drop';
    if (name === 'target') return data.get(NFTA_TARGET_NAME) === 'REJECT' ? 'drop' : undefined;
    if (name === 'immediate') {
      const verdict = data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT);
      const code = verdict.get(NFTA_VERDICT_CODE) | 0;
      if (code !== NFT_JUMP && code !== NFT_GOTO) return ends[code];
      return { chain: verdict.get(NFTA_VERDICT_CHAIN), isGoto: code === NFT_GOTO };
    }
    if (!isPassed(name, data)) return undefined;
  }
  return undefined;
}
