import { decodeForwardRule } from '../../../../../netlink/nftables/forward-rule.ts';
import { nfproto } from '../../../../../netlink/nftables/message.ts';
import {
  acceptMessage,
  forwardedOf,
  isCommentOf,
  isIptables,
  rulesFor,
} from '../../../../../plugin/netfilter/forward/rules.ts';
import { cidr, hex } from '../../../../support/netlink.ts';
import { read } from '../../../support/configuration.ts';

const filter = { family: nfproto.ipv4, name: 'filter' };
const of = (more: object) => forwardedOf(read({ name: 'lab', bridge: 'cni0', ...more }), []);
const bodyOf = (index: number, isByIptables: boolean): Uint8Array => {
  const rule = rulesFor(of({}))[index];
  if (rule === undefined) throw new Error('no such rule');
  const before = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9);
  return acceptMessage({ table: filter, name: 'FORWARD' }, rule, isByIptables, before).body;
};
/** The payload of NFTA_RULE_EXPRESSIONS, after struct nfgenmsg, the table and the chain. */
const head =
  '02000000' + // struct nfgenmsg: NFPROTO_IPV4
  '0b00010066696c7465720000' + // NFTA_RULE_TABLE
  '0c000200464f525741524400'; // NFTA_RULE_CHAIN

test('answers, as iptables-nft writes them', () => {
  const info = new Uint8Array(168);
  info[146] = 1; // match_flags: XT_CONNTRACK_STATE
  info[150] = 6; // state_mask
  const comment = Buffer.alloc(256);
  comment.write('cni-bridge forward lab');
  expect(hex(bodyOf(1, true))).toBe(
    `${head}a0020480` + // NFTA_RULE_EXPRESSIONS
      '240001800900010' +
      '06d65746100000000' +
      '14000280' + // meta
      '0800020000000007' + // NFT_META_OIFNAME
      '0800010000000001' +
      '3000018008000100636d700024000280' + // cmp
      '0800010000000001' +
      '0800020000000000' +
      '1000038009000100636e693000000000' + // cni0 and its NUL
      'd80001800a0001006d61746368000000c8000280' + // match
      '0e000100636f6e6e747261636b000000' + // conntrack
      `0800020000000003ac000300${hex(info)}` +
      '2c0101800a0001006d617463680000001c010280' + // match
      '0c000100636f6d6d656e7400' + // comment
      `080002000000000004010300${hex(comment)}` +
      '140001800c000100636f756e74657200' +
      '04000280' + // counter
      '300001800e000100696d6d6564696174650000001c000280' + // immediate
      '0800010000000000' +
      '100002800c0002800800010000000001' + // NF_ACCEPT
      '0c0006000000000000000009', // NFTA_RULE_POSITION
  );
});

test('a published port, as the nft command writes it', () => {
  expect(hex(bodyOf(2, false))).toContain(
    '200001800700010063740000' +
      '14000280' + // ct
      '0800020000000002' + // NFT_CT_STATUS
      '0800010000000001',
  );
  expect(hex(bodyOf(2, false))).toContain('0c00048008000100' + '20000000'); // IPS_DST_NAT
});

test.each([true, false])('rules say links and comment, by iptables: %s', (isByIptables) => {
  const decoded = [0, 1, 2].map((index) => decodeForwardRule({ body: bodyOf(index, isByIptables) }));
  expect(decoded.map(({ iifname, oifname, comment }) => [iifname, oifname, comment])).toEqual([
    ['cni0', '', 'cni-bridge forward lab'],
    ['', 'cni0', 'cni-bridge forward lab'],
    ['', 'cni0', 'cni-bridge forward lab ports'],
  ]);
  expect(decoded.map(({ verdict }) => verdict)).toEqual([undefined, undefined, undefined]);
});

test("a VLAN's containers are routed by its gateway, and bridged by the bridge", () => {
  const forwarded = of({ vlan: 7, isGateway: true });
  expect(rulesFor(forwarded).map(({ iifname, oifname }) => [iifname, oifname])).toEqual([
    ['cni0.7', ''],
    ['', 'cni0.7'],
    ['', 'cni0.7'],
    ['cni0', 'cni0'],
  ]);
  expect(of({ vlan: 7 }).link).toBe('cni0');
});

test('the families are those of the addresses; both at layer 2', () => {
  const config = read({ name: 'lab' });
  const of4 = forwardedOf(config, [{ address: cidr('10.1.0.2/24') }]).families;
  const of6 = forwardedOf(config, [{ address: cidr('fd00::2/64') }]).families;
  expect(forwardedOf(config, []).families).toEqual([...of4, ...of6]);
});

test("a network's comments are not those of one whose name begins like it", () => {
  expect(
    ['cni-bridge forward lab', 'cni-bridge forward lab ports', 'cni-bridge forward lab2'].map((one) =>
      isCommentOf('lab', one),
    ),
  ).toEqual([true, true, false]);
});

test("iptables-nft's chains are those of its tables", () => {
  expect(isIptables({ table: filter, name: 'FORWARD' })).toBe(true);
  expect(isIptables({ table: { ...filter, family: nfproto.inet }, name: 'FORWARD' })).toBe(false);
  expect(isIptables({ table: { ...filter, name: 'mine' }, name: 'FORWARD' })).toBe(false);
});
