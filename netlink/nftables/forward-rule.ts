import { Attributes, attributeList } from '../attribute.ts';
import { textAt } from '../bytes.ts';
import {
  NFT_META_OIFNAME,
  NFTA_CMP_DATA,
  NFTA_DATA_VALUE,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_META_KEY,
  NFTA_RULE_EXPRESSIONS,
} from '../linux/nf_tables.ts';
import type { Message } from '../message.ts';
import { attributesOf } from './message.ts';
import { decodeRule, type LiveRule } from './rule.ts';
import { type Verdict, verdictForAll } from './verdict.ts';

/** What a rule at the forward hook says. */
export interface ForwardRule extends LiveRule {
  /** The link that a packet must go out on; empty for any. */
  readonly oifname: string;
  /** What becomes of every packet; undefined where that depends on the packet. */
  readonly verdict: Verdict | undefined;
}

function oifnameIn(expressions: Uint8Array): string {
  let isLoaded = false;
  for (const [, bytes] of attributeList(expressions)) {
    const expression = new Attributes(bytes);
    const name = expression.get(NFTA_EXPR_NAME);
    const data = expression.nested(NFTA_EXPR_DATA);
    if (name === 'meta') isLoaded = data.get(NFTA_META_KEY) === NFT_META_OIFNAME;
    else if (name === 'cmp' && isLoaded) {
      const value = data.nested(NFTA_CMP_DATA).get(NFTA_DATA_VALUE) ?? new Uint8Array();
      return textAt(value, 0, value.length);
    }
  }
  return '';
}

/** Decodes an NFT_MSG_NEWRULE message. */
export function decodeForwardRule(message: Pick<Message, 'body'>): ForwardRule {
  const expressions = attributesOf(message.body).payload(NFTA_RULE_EXPRESSIONS);
  return {
    ...decodeRule(message),
    oifname: oifnameIn(expressions),
    verdict: verdictForAll(expressions),
  };
}
