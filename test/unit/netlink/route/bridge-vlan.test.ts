import { addVlans, decodeVlans, deleteVlans } from '../../../../netlink/route/bridge-vlan.ts';
import { decodeLink, type Link, newBridge, newVeth, setLink } from '../../../../netlink/route/link.ts';
import { portVlans, setPortVlans } from '../../../../plugin/attach/port-vlans.ts';
import { bytes, hex } from '../../../support/netlink.ts';

const port = { index: 5, name: 'v0' };
const native = (vid: number) => ({ first: vid, last: vid, pvid: true, untagged: true });
const tagged = (first: number, last = first) => ({ first, last, pvid: false, untagged: false });

/** struct ifinfomsg: AF_BRIDGE, index 5. */
const header = '07000000' + '05000000' + '00000000' + '00000000';

test('VLANs of a port: flags and ID, a range as its two ends', () => {
  const { type, flags, body, operation } = addVlans(port, [native(10), tagged(20), tagged(100, 199)]);
  expect([type, flags]).toEqual([19, 0]); // RTM_SETLINK
  expect(hex(body)).toBe(
    header +
      '24001a80' + // IFLA_AF_SPEC
      '08000200' +
      '06000a00' + // IFLA_BRIDGE_VLAN_INFO: PVID and untagged, 10
      '08000200' +
      '00001400' + // 20
      '08000200' +
      '08006400' + // RANGE_BEGIN, 100
      '08000200' +
      '1000c700', // RANGE_END, 199
  );
  expect(operation).toBe('add VLAN 10, 20, 100-199 to port');
});

test('a VLAN taken from a port', () => {
  const { type, body } = deleteVlans(port, [tagged(1)]);
  expect(type).toBe(17); // RTM_DELLINK
  expect(hex(body)).toBe(`${header}0c001a800800020000000100`);
});

test('VLANs are read with their ranges', () => {
  const vlans = [native(10), tagged(20), tagged(4093, 4094)];
  expect(decodeVlans(addVlans(port, vlans).body)).toEqual(vlans);
  expect(decodeVlans(bytes(header))).toEqual([]);
});

test('a bridge that filters VLANs, made and changed', () => {
  const name = '08000300' + '62723000'; // IFLA_IFNAME
  const info =
    '1c001280' + // IFLA_LINKINFO
    '0b000100' +
    '6272696467650000' + // kind bridge
    '0c000280' +
    '05000700' +
    '01000000'; // IFLA_INFO_DATA: IFLA_BR_VLAN_FILTERING
  expect(hex(newBridge('br0', { vlanFiltering: true }).body)).toBe('00'.repeat(16) + name + info);
  expect(hex(setLink('br0', { vlanFiltering: true }).body)).toBe('00'.repeat(16) + name + info);
});

test('a veth pair in one namespace names no other', () => {
  const { body } = newVeth('v0', {}, { name: 'br0.10', settings: {} });
  expect(hex(body)).not.toContain('08001c00'); // IFLA_NET_NS_FD
});

/** An RTM_NEWLINK of a bridge with this IFLA_INFO_DATA. */
function bridgeLink(data: string): Link {
  const info = `0b000100${'6272696467650000'}${(data.length / 2 + 4).toString(16).padStart(2, '0')}000200${data}`;
  const attribute = `${(info.length / 2 + 4).toString(16).padStart(2, '0')}001200${info}`;
  return decodeLink({ body: bytes('00'.repeat(16) + attribute) });
}

test('whether a bridge filters; a kernel that cannot has no default VLAN', () => {
  expect(bridgeLink('05000700' + '01000000' + '06002700' + '05000000')).toMatchObject({
    vlanFiltering: true,
    defaultVlan: 5,
  });
  expect(bridgeLink('05000700' + '00000000' + '06002700' + '01000000').vlanFiltering).toBe(false);
  expect(bridgeLink('05000700' + '00000000')).toMatchObject({ vlanFiltering: undefined, defaultVlan: 0 });
});

test('what a port is told: the native VLAN first, what a trunk says of it after that', () => {
  const trunk = [{ first: 20, last: 29 }];
  expect(portVlans({ vlan: 0, vlanTrunk: undefined })).toEqual([]);
  expect(portVlans({ vlan: 0, vlanTrunk: [] })).toEqual([]);
  expect(portVlans({ vlan: 10, vlanTrunk: undefined })).toEqual([native(10)]);
  expect(portVlans({ vlan: 10, vlanTrunk: trunk })).toEqual([native(10), tagged(20, 29)]);
  expect(portVlans({ vlan: 0, vlanTrunk: trunk })).toEqual([tagged(20, 29), native(1)]);
});

test.each([
  [
    'the default VLAN goes',
    1,
    { vlan: 10, preserveDefaultVlan: false },
    ['delete VLAN 1 from port', 'add VLAN 10 to port'],
  ],
  ['unless it is to stay', 1, { vlan: 10, preserveDefaultVlan: true }, ['add VLAN 10 to port']],
  ['or there is none', 0, { vlan: 10, preserveDefaultVlan: false }, ['add VLAN 10 to port']],
  ['or no VLAN is asked for', 1, { vlan: 0, preserveDefaultVlan: false }, []],
])('%s', (_case, defaultVlan, config, operations) => {
  const bridge = { ...bridgeLink('05000700' + '01000000'), defaultVlan };
  const requests = setPortVlans(bridge, port, { vlanTrunk: undefined, ...config });
  expect(requests.map(({ operation }) => operation)).toEqual(operations);
});
