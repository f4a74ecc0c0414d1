/** linux/netfilter/nf_tables.h; numbers are in network byte order */
import { attribute, nest } from '../attribute.ts';
import { be32, bytes, text } from '../format.ts';
import { comment } from '../nftables/userdata.ts';

export const NFT_MSG_NEWTABLE = 0;
export const NFT_MSG_GETTABLE = 1;
export const NFT_MSG_DELTABLE = 2;
export const NFT_MSG_NEWCHAIN = 3;
export const NFT_MSG_GETCHAIN = 4;
export const NFT_MSG_DELCHAIN = 5;
export const NFT_MSG_NEWRULE = 6;
export const NFT_MSG_GETRULE = 7;
export const NFT_MSG_DELRULE = 8;
export const NFT_MSG_NEWSET = 9;
export const NFT_MSG_GETSET = 10;
export const NFT_MSG_NEWSETELEM = 12;
export const NFT_MSG_GETSETELEM = 13;
export const NFT_MSG_DELSETELEM = 14;
export const NFT_MSG_GETGEN = 16;

export const NFTA_LIST_ELEM = nest(1);

export const NFTA_GEN_ID = attribute(1, be32);

export const NFTA_TABLE_NAME = attribute(1, text);
export const NFTA_TABLE_FLAGS = attribute(2, be32);
export const NFTA_TABLE_USE = attribute(3, be32);
export const NFTA_TABLE_USERDATA = attribute(6, comment);
/** Only the process that made the table may change it. */
export const NFT_TABLE_F_OWNER = 0x2;

export const NFTA_CHAIN_TABLE = attribute(1, text);
export const NFTA_CHAIN_NAME = attribute(3, text);
export const NFTA_CHAIN_HOOK = nest(4);
export const NFTA_CHAIN_POLICY = attribute(5, be32);
export const NFTA_CHAIN_USE = attribute(6, be32);
export const NFTA_CHAIN_TYPE = attribute(7, text);

// Within NFTA_CHAIN_HOOK:
export const NFTA_HOOK_HOOKNUM = attribute(1, be32);
export const NFTA_HOOK_PRIORITY = attribute(2, be32);

export const NFTA_RULE_TABLE = attribute(1, text);
export const NFTA_RULE_CHAIN = attribute(2, text);
/** 64 bits. */
export const NFTA_RULE_HANDLE = attribute(3, bytes);
export const NFTA_RULE_EXPRESSIONS = nest(4);
/** 64 bits: the handle of the rule that a new one comes before, or after with NLM_F_APPEND. */
export const NFTA_RULE_POSITION = attribute(6, bytes);
export const NFTA_RULE_USERDATA = attribute(7, comment);

// Within each NFTA_LIST_ELEM of NFTA_RULE_EXPRESSIONS:
export const NFTA_EXPR_NAME = attribute(1, text);
/** Its attributes are those of the named expression. */
export const NFTA_EXPR_DATA = nest(2);

export const NFT_REG_VERDICT = 0;
export const NFT_REG_1 = 1;

// Expression `meta`:
export const NFTA_META_DREG = attribute(1, be32);
export const NFTA_META_KEY = attribute(2, be32);
export const NFT_META_PROTOCOL = 1;
export const NFT_META_IIFNAME = 6;
export const NFT_META_OIFNAME = 7;
export const NFT_META_NFPROTO = 15;
export const NFT_META_L4PROTO = 16;
export const NFT_META_IIFKIND = 26;
export const NFT_META_OIFKIND = 27;

// Expression `payload`:
export const NFTA_PAYLOAD_DREG = attribute(1, be32);
export const NFTA_PAYLOAD_BASE = attribute(2, be32);
/** In bytes, from the beginning of the header. */
export const NFTA_PAYLOAD_OFFSET = attribute(3, be32);
/** In bytes. */
export const NFTA_PAYLOAD_LEN = attribute(4, be32);
export const NFT_PAYLOAD_LL_HEADER = 0;
export const NFT_PAYLOAD_NETWORK_HEADER = 1;
export const NFT_PAYLOAD_TRANSPORT_HEADER = 2;

// Expression `bitwise`:
export const NFTA_BITWISE_SREG = attribute(1, be32);
export const NFTA_BITWISE_DREG = attribute(2, be32);
/** In bytes. */
export const NFTA_BITWISE_LEN = attribute(3, be32);
export const NFTA_BITWISE_MASK = nest(4);
export const NFTA_BITWISE_XOR = nest(5);

// Expression `cmp`:
export const NFTA_CMP_SREG = attribute(1, be32);
export const NFTA_CMP_OP = attribute(2, be32);
export const NFTA_CMP_DATA = nest(3);
export const NFT_CMP_EQ = 0;
export const NFT_CMP_NEQ = 1;

// Expression `ct`:
export const NFTA_CT_DREG = attribute(1, be32);
export const NFTA_CT_KEY = attribute(2, be32);
export const NFT_CT_STATE = 0;
export const NFT_CT_STATUS = 2;

// Expression `lookup`:
export const NFTA_LOOKUP_SET = attribute(1, text);
export const NFTA_LOOKUP_SREG = attribute(2, be32);
export const NFTA_LOOKUP_DREG = attribute(3, be32);

// Expression `immediate`:
export const NFTA_IMMEDIATE_DREG = attribute(1, be32);
export const NFTA_IMMEDIATE_DATA = nest(2);

// Expression `nat`:
export const NFTA_NAT_TYPE = attribute(1, be32);
export const NFTA_NAT_FAMILY = attribute(2, be32);
export const NFTA_NAT_REG_ADDR_MIN = attribute(3, be32);
export const NFT_NAT_SNAT = 0;

// Expression `match`, a match of iptables' own (linux/netfilter/nf_tables_compat.h):
export const NFTA_MATCH_NAME = attribute(1, text);
export const NFTA_MATCH_REV = attribute(2, be32);
/** The match's own struct; for `comment`, the text. */
export const NFTA_MATCH_INFO = attribute(3, text);
/** The same as bytes. */
export const NFTA_MATCH_INFO_BYTES = attribute(3, bytes);

// Expression `target`, a target of iptables' own:
export const NFTA_TARGET_NAME = attribute(1, text);

// Within NFTA_*_DATA, NFTA_BITWISE_*, NFTA_SET_ELEM_KEY:
export const NFTA_DATA_VALUE = attribute(1, bytes);
export const NFTA_DATA_VERDICT = nest(2);

// Within NFTA_DATA_VERDICT:
export const NFTA_VERDICT_CODE = attribute(1, be32);
/** Of NFT_JUMP and NFT_GOTO. */
export const NFTA_VERDICT_CHAIN = attribute(2, text);

/** NF_DROP, NF_ACCEPT (linux/netfilter.h), and verdicts of nf_tables' own */
export const NF_DROP = 0;
export const NF_ACCEPT = 1;
export const NFT_JUMP = -3;
export const NFT_GOTO = -4;
export const NFT_RETURN = -5;

export const NFTA_SET_TABLE = attribute(1, text);
export const NFTA_SET_NAME = attribute(2, text);
export const NFTA_SET_FLAGS = attribute(3, be32);
/** The nft command's number of the type: the kernel only keeps it. */
export const NFTA_SET_KEY_TYPE = attribute(4, be32);
/** In bytes. */
export const NFTA_SET_KEY_LEN = attribute(5, be32);
export const NFTA_SET_DATA_TYPE = attribute(6, be32);
export const NFTA_SET_DATA_LEN = attribute(7, be32);
/** Its name within a transaction. */
export const NFTA_SET_ID = attribute(10, be32);
/** The nft command's own: TYPE, LENGTH and VALUE of what it has to know to print the set. */
export const NFTA_SET_USERDATA = attribute(13, bytes);
export const NFT_SET_MAP = 0x8;
export const NFT_DATA_VERDICT = 0xffffff00;

export const NFTA_SET_ELEM_LIST_TABLE = attribute(1, text);
export const NFTA_SET_ELEM_LIST_SET = attribute(2, text);
export const NFTA_SET_ELEM_LIST_ELEMENTS = nest(3);

// Within each NFTA_LIST_ELEM of NFTA_SET_ELEM_LIST_ELEMENTS:
export const NFTA_SET_ELEM_KEY = nest(1);
export const NFTA_SET_ELEM_DATA = nest(2);
export const NFTA_SET_ELEM_USERDATA = attribute(6, comment);
