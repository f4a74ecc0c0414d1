import { nfproto } from '../../../../netlink/nftables/message.ts';
import { newRule } from '../../../../netlink/nftables/rule.ts';
import { load, sourceNat } from '../../../../netlink/nftables/source-nat.ts';
import { hex } from '../../../support/netlink.ts';

test('snat ip to 192.0.2.10', () => {
  const chain = { table: { family: nfproto.inet, name: 't' }, name: 'c' };
  const { body } = newRule(chain, [load(Uint8Array.of(192, 0, 2, 10)), sourceNat(nfproto.ipv4)]);
  expect(hex(body)).toBe(
    '01000000' + // struct nfgenmsg: NFPROTO_INET
      '0600010074000000' + // NFTA_RULE_TABLE
      '0600020063000000' + // NFTA_RULE_CHAIN
      '58000480' + // NFTA_RULE_EXPRESSIONS
      '2c000180' + // NFTA_LIST_ELEM
      '0e000100696d6d656469617465000000' + // NFTA_EXPR_NAME: immediate
      '18000280' + // NFTA_EXPR_DATA
      '0800010000000001' + // NFTA_IMMEDIATE_DREG: NFT_REG_1
      '0c000280' + // NFTA_IMMEDIATE_DATA
      '08000100c000020a' + // NFTA_DATA_VALUE
      '28000180' + // NFTA_LIST_ELEM
      '080001006e617400' + // NFTA_EXPR_NAME: nat
      '1c000280' + // NFTA_EXPR_DATA
      '0800010000000000' + // NFTA_NAT_TYPE: NFT_NAT_SNAT
      '0800020000000002' + // NFTA_NAT_FAMILY: NFPROTO_IPV4
      '0800030000000001', // NFTA_NAT_REG_ADDR_MIN: NFT_REG_1
  );
});
