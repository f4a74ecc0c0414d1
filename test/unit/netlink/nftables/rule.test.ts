import { attribute, nest } from '../../../../netlink/attribute.ts';
import { be32, text } from '../../../../netlink/format.ts';
import {
  type Expression,
  equals,
  immediate,
  payload,
  payloadBase,
  verdictCode,
} from '../../../../netlink/nftables/expression.ts';
import { nfproto } from '../../../../netlink/nftables/message.ts';
import { decodeRule, newRule } from '../../../../netlink/nftables/rule.ts';
import { spoofCheckMessages } from '../../../../plugin/netfilter/spoof-check-rules.ts';
import { hex } from '../../../support/netlink.ts';

const attachment = { network: 'lab', containerID: 'c1', ifname: 'eth0' };

test('macspoofchk: two chains and four rules', () => {
  const messages = spoofCheckMessages(attachment, 'veth1', '02:00:00:00:00:07');
  expect(messages.map(({ operation, object }) => `${operation} ${object}`)).toEqual([
    'create nftables chain nat cni-br-iface-c1-eth0',
    'create nftables chain nat cni-br-iface-c1-eth0-mac',
    'add nftables rule to nat PREROUTING',
    'add nftables rule to nat cni-br-iface-c1-eth0',
    'add nftables rule to nat cni-br-iface-c1-eth0-mac',
    'add nftables rule to nat cni-br-iface-c1-eth0-mac',
  ]);
  expect(hex(messages[0]?.body ?? new Uint8Array())).toBe(
    '07000000' + // struct nfgenmsg: NFPROTO_BRIDGE
      '080001006e617400' + // NFTA_CHAIN_TABLE nat
      '19000300' + // NFTA_CHAIN_NAME
      Buffer.from('cni-br-iface-c1-eth0\0\0\0\0').toString('hex'),
  );
  expect(hex(messages[4]?.body ?? new Uint8Array())).toBe(
    '07000000' + // struct nfgenmsg: NFPROTO_BRIDGE
      '080001006e617400' + // NFTA_RULE_TABLE nat
      '1d000200' + // NFTA_RULE_CHAIN
      Buffer.from('cni-br-iface-c1-eth0-mac\0\0\0\0').toString('hex') +
      '98000480' + // NFTA_RULE_EXPRESSIONS
      // payload: 6 bytes at offset 6 of the link header into register 1
      '340001800c0001007061796c6f61640024000280' +
      '0800010000000001' +
      '0800020000000000' +
      '0800030000000006' +
      '0800040000000006' +
      // cmp: register 1 equals the address
      '3000018008000100636d700024000280' +
      '0800010000000001' +
      '0800020000000000' +
      '100003800a0001000200000000070000' +
      // immediate: the verdict register is NFT_RETURN
      '300001800e000100696d6d6564696174650000001c000280' +
      '0800010000000000' +
      '100002800c00028008000100fffffffb' +
      '1a000700' + // NFTA_RULE_USERDATA: the comment
      '0014' +
      Buffer.from('macspoofchk-c1-eth0\0').toString('hex') +
      '0000',
  );
});

test('a rule says its chain, comment, target and port', () => {
  const jump = spoofCheckMessages(attachment, 'veth1', '02:00:00:00:00:07')[2];
  expect(decodeRule({ body: jump?.body ?? new Uint8Array() })).toMatchObject({
    chain: 'PREROUTING',
    comment: 'macspoofchk-c1-eth0',
    target: 'cni-br-iface-c1-eth0',
    iifname: 'veth1',
    source: undefined,
  });
});

test("a rule of iptables-nft has its comment in a match of iptables' own", () => {
  const chain = 'CNI-7938659e68193485ee23da4c';
  const match: Expression = (body) =>
    body.nested(nest(1), () => {
      body.put(attribute(1, text), 'match'); // NFTA_EXPR_NAME
      body.nested(nest(2), () => {
        body.put(attribute(1, text), 'comment'); // NFTA_MATCH_NAME
        body.put(attribute(2, be32), 0); // NFTA_MATCH_REV
        body.put(attribute(3, text), 'name: "lab" id: "c1"'); // NFTA_MATCH_INFO
      });
    });
  const table = { family: nfproto.ipv4, name: 'nat' };
  const { body } = newRule({ table, name: 'POSTROUTING' }, [
    payload(payloadBase.network, 12, 4),
    equals(Uint8Array.of(10, 15, 20, 2)),
    match,
    immediate(verdictCode.jump, chain),
  ]);
  expect(decodeRule({ body })).toEqual({
    chain: 'POSTROUTING',
    handle: new Uint8Array(),
    comment: 'name: "lab" id: "c1"',
    target: chain,
    iifname: '',
    source: Uint8Array.of(10, 15, 20, 2),
  });
});
