import { readFileSync } from 'node:fs';
import { formatCIDR } from '../../../../netlink/ip.ts';
import { read } from '../../support/configuration.ts';

const hostLocal = { type: 'host-local', subnet: '10.15.20.0/24' };
test('what is left out has its default', () => {
  expect(read({})).toEqual({
    cniVersion: '0.1.0',
    name: 'net',
    dns: {},
    ipam: undefined,
    prevResult: undefined,
    validAttachments: undefined,
    ignored: [],
    bridge: 'cni0',
    isGateway: false,
    isDefaultGateway: false,
    metric: undefined,
    forceAddress: false,
    ipMasq: false,
    ipMasqBackend: undefined,
    mtu: undefined,
    autoMtu: false,
    hairpinMode: false,
    promiscMode: false,
    vlan: 0,
    vlanTrunk: undefined,
    preserveDefaultVlan: false,
    macspoofchk: false,
    ipspoofchk: false,
    enabledad: false,
    disableContainerInterface: false,
    portIsolation: false,
    learning: true,
    proxyArp: false,
    neighSuppress: false,
    groupFwdMask: 0,
    uplink: undefined,
    stp: false,
    forwardDelay: undefined,
    removeUnused: false,
    hostInterfaceName: undefined,
    debug: undefined,
    forward: false,
    ipMasqFamilies: [2, 10],
    outboundAddresses: [],
    noMasquerade: [],
    forgetConnections: false,
    isolate: false,
    mac: undefined,
  });
});

test("the article's configuration is read as it stands", () => {
  const config = read({
    cniVersion: '0.4.0',
    name: 'lab-br1',
    type: 'bridge',
    bridge: 'lab-br1',
    isGateway: true,
    ipMasq: true,
    ipam: { ...hostLocal, routes: [{ dst: '0.0.0.0/0' }] },
  });
  expect(config).toMatchObject({ cniVersion: '0.4.0', bridge: 'lab-br1', isGateway: true, ipMasq: true });
  expect(config.ipam).toEqual({
    type: 'host-local',
    hostLocal: { subnet: '10.15.20.0/24', routes: [{ dst: '0.0.0.0/0' }] },
    ipRanges: [],
    requestedIPs: [],
    fault: undefined,
  });
});

test('mtu is a number, or to be found out', () => {
  expect(read({ mtu: 1400 })).toMatchObject({ mtu: 1400, autoMtu: false });
  expect(read({ mtu: 0 })).toMatchObject({ mtu: undefined, autoMtu: false });
  expect(read({ mtu: 'auto' })).toMatchObject({ mtu: undefined, autoMtu: true });
});

test('isDefaultGateway implies isGateway', () => {
  expect(read({ isDefaultGateway: true }).isGateway).toBe(true);
});

test.each([
  [{ hostInterfaceName: 'a-{id}.b' }, { before: 'a-', after: '.b' }],
  [{ args: { cni: { hostInterfaceName: 'web0' } }, hostInterfaceName: 'a-{id}' }, 'web0'],
  [{ args: { cni: { hostInterfaceName: '{id}' } } }, { before: '', after: '' }],
  [{ args: { cni: { hostInterfaceName: '' } }, runtimeConfig: { hostInterfaceName: null } }, undefined],
])("the host veth's name in %j", (conf, expected) => {
  expect(read(conf).hostInterfaceName).toEqual(expected);
});

test('keys are found in any case, the exact one first; null and empty text count as absent', () => {
  const config = read({
    BRIDGE: 'br0',
    IsGateway: true,
    ipmasq: true,
    ipMasq: false,
    vlan: null,
    ipMasqBackend: '',
    IPAM: { TYPE: 'host-local', Ranges: [[{ SUBNET: '10.0.0.0/8', gateway: '' }]] },
  });
  expect(config).toMatchObject({ bridge: 'br0', isGateway: true, ipMasq: false, vlan: 0 });
  expect(config.ipMasqBackend).toBeUndefined();
  expect(config.ipam?.hostLocal.ranges).toEqual([[{ subnet: '10.0.0.0/8' }]]);
});

test.each([
  ['MAC=02:00:00:00:00:01', {}, '02:00:00:00:00:01'],
  ['MAC=02:00:00:00:00:01', { args: { cni: { mac: '02-00-00-00-00-0A' } } }, '02:00:00:00:00:0a'],
  [
    '',
    { args: { cni: { mac: '02:00:00:00:00:02' } }, runtimeConfig: { mac: '0200.0000.0003' } },
    '02:00:00:00:00:03',
  ],
])('the MAC of CNI_ARGS %s and %j is %s', (args, config, mac) => {
  expect(read(config, 'ADD', args).mac).toBe(mac);
});

test('requested addresses come from three sources, in order', () => {
  const config = read(
    { ipam: hostLocal, args: { cni: { ips: ['10.15.20.8'] } }, runtimeConfig: { ips: ['10.15.20.9/24'] } },
    'ADD',
    'IgnoreUnknown=1;IP=10.15.20.7',
  );
  expect(config.ipam?.requestedIPs).toEqual(['10.15.20.7', '10.15.20.8', '10.15.20.9/24']);
});

test('a trunk becomes the fewest ranges, and goes with a VLAN of its own', () => {
  const vlanTrunk = [{ id: 300 }, { minID: 200, maxID: 210 }, { id: 211 }, { minID: 205, maxID: 206, id: 4 }];
  expect(read({ vlan: 7, vlanTrunk }, 'CHECK')).toMatchObject({
    vlan: 7,
    vlanTrunk: [
      { first: 4, last: 4 },
      { first: 200, last: 211 },
      { first: 300, last: 300 },
    ],
  });
  expect(read({ vlanTrunk: [] }, 'CHECK').vlanTrunk).toEqual([]);
});

test("another IPAM plugin's keys are its own business", () => {
  expect(read({ ipam: { type: 'dhcp', subnet: 5, routes: 'none' } }).ipam).toMatchObject({ type: 'dhcp' });
});

test('without a type there is no IPAM', () => {
  expect(read({ ipam: {} }).ipam).toBeUndefined();
  expect(read({ ipam: { type: '' } }).ipam).toBeUndefined();
});

test('prevResult has the version of the configuration unless it says so itself', () => {
  const flat = read({ prevResult: { ip4: { ip: '10.0.0.2/8' } } }, 'CHECK');
  expect(flat.prevResult?.ips.map(({ address }) => formatCIDR(address))).toEqual(['10.0.0.2/8']);
  const listed = read(
    { cniVersion: '0.4.0', prevResult: { ips: [{ version: '4', address: '10.0.0.3/8' }] } },
    'CHECK',
  );
  expect(listed.prevResult?.ips.map(({ address }) => formatCIDR(address))).toEqual(['10.0.0.3/8']);
});

test('valid attachments: none, null and a list are three things', () => {
  const key = 'cni.dev/valid-attachments';
  const without = read({ cniVersion: '1.1.0' }, 'GC');
  expect([without.validAttachments, without.ignored]).toEqual([
    undefined,
    [`${key} is missing: everything is kept`],
  ]);
  expect(read({ cniVersion: '1.1.0', [key]: null }, 'GC').validAttachments).toEqual([]);
  const list = [{ containerID: 'a', ifname: 'eth0' }];
  expect(read({ cniVersion: '1.1.0', [key]: list }, 'GC').validAttachments).toEqual(list);
});

test.each<[object, string]>([
  [{ name: undefined }, 'missing network name'],
  [
    { name: '../net' },
    'name: must begin with a letter or digit and contain only letters, digits, `_`, `.` and `-`, not "../net"',
  ],
  [
    { mtu: 'big' },
    'mtu: must be an integer from 68 to 65535, "auto", or 0 for the kernel\'s choice, not "big"',
  ],
  [{ mtu: 67 }, 'mtu: must be an integer from 68 to 65535, "auto", or 0 for the kernel\'s choice, not 67'],
  [{ isGateway: 'true' }, 'isGateway: must be true or false, not "true"'],
  [{ vlan: 4095 }, 'vlan: must be an integer from 0 to 4094, not 4095'],
  [{ vlan: -1 }, 'vlan: must be an integer from 0 to 4094, not -1'],
  [{ vlan: 1.5 }, 'vlan: must be an integer from 0 to 4094, not 1.5'],
  [{ vlanTrunk: [{ id: 0 }] }, 'vlanTrunk[0].id: must be an integer from 1 to 4094, not 0'],
  [{ vlanTrunk: [{ minID: 5 }] }, 'vlanTrunk[0].maxID: is missing, but minID needs it'],
  [{ vlanTrunk: [{ maxID: 5 }] }, 'vlanTrunk[0].minID: is missing, but maxID needs it'],
  [{ vlanTrunk: [{ minID: 9, maxID: 5 }] }, 'vlanTrunk[0]: minID 9 is greater than maxID 5'],
  [{ vlanTrunk: [{ vid: 5 }] }, 'vlanTrunk[0]: must have id, or minID and maxID'],
  [{ ipMasqBackend: 'ipvs' }, 'ipMasqBackend: must be one of "nftables", "iptables", not "ipvs"'],
  [
    { bridge: 'a/b' },
    'bridge: must be the name of a link: 1 to 15 bytes without `/`, `:`, `%` or white space, not `all` or `default`, not "a/b"',
  ],
  [{ bridge: 'éééééééé' }, 'bridge: "éééééééé" is longer than 15 bytes'],
  [
    { hairpinMode: true, promiscMode: true },
    'hairpinMode, promiscMode: cannot set hairpin mode and promiscuous mode at the same time',
  ],
  [
    { disableContainerInterface: true, ipam: hostLocal },
    'disableContainerInterface: cannot use IPAM when DisableContainerInterface flag is set, and ipam.type is "host-local"',
  ],
  [
    { bridge: 'a-long-bridge', vlan: 100, isGateway: true },
    "bridge: a-long-bridge.100 is too long a name for the VLAN's gateway, over 15 bytes",
  ],
  [{ runtimeConfig: { mac: 'none' } }, 'runtimeConfig.mac: must be a MAC address, not "none"'],
  [
    { runtimeConfig: { mac: '01:00:5e:00:00:01' } },
    'runtimeConfig.mac: must be a unicast MAC address, not "01:00:5e:00:00:01"',
  ],
  [{ ipam: { type: '../evil' } }, 'ipam.type: must be the name of a plugin, without `/`, not "../evil"'],
  [{ ipam: 'host-local' }, 'ipam: must be an object, not "host-local"'],
  [
    { ipam: { type: 'host-local', subnet: '10.0.0.0' } },
    'ipam.subnet: must be an IP address with a prefix length, not "10.0.0.0"',
  ],
  [{ ipam: { type: 'host-local', ranges: [[{}]] } }, 'ipam.ranges[0][0].subnet: is missing'],
  [
    { ipam: { ...hostLocal, routes: [{ dst: '300.0.0.0/8' }] } },
    'ipam.routes[0].dst: must be an IP address with a prefix length, not "300.0.0.0/8"',
  ],
  [
    { ipam: { ...hostLocal, routes: [{ dst: '10.0.0.0/8', gw: '1.2.3' }] } },
    'ipam.routes[0].gw: must be an IP address, not "1.2.3"',
  ],
  [{ dns: { search: 'x' } }, 'dns.search: must be a list, not "x"'],
])('%j is refused', (config, reason) => {
  const msg = reason === 'missing network name' ? reason : `invalid configuration: ${reason}`;
  expect(() => read(config)).toThrow(expect.objectContaining({ code: 7, msg }));
});
test.each([
  ['', 'standard input is empty'],
  [' \n', 'standard input is empty'],
  ['\ufeff{}', 'it begins with a byte order mark'],
  ['[]', 'it is not a JSON object'],
  ['{\n  "name": net\n}', 'not JSON at line 2, column 11: expected a value, found "n"'],
  ['{"a":1,}', 'not JSON at line 1, column 8: expected a key in double quotes, found "}"'],
  ['{"a" 1}', 'not JSON at line 1, column 6: expected ":", found "1"'],
  ['{"a":[1 2]}', 'not JSON at line 1, column 9: expected "," or "]", found "2"'],
  ['{"a":01}', 'not JSON at line 1, column 6: expected a value, found "0"'],
  ['{} {}', 'not JSON at line 1, column 4: expected the end, found "{"'],
  ['{"a":"', 'not JSON at line 1, column 6: expected a valid string, found "\\""'],
  ['{', 'not JSON at line 1, column 2: expected a key in double quotes, found the end'],
])('%j does not decode', (text, why) => {
  const msg = `cannot decode the network configuration: ${why}`;
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 6, msg }));
});
test('the schemas describe every key they have', () => {
  const schema = JSON.parse(readFileSync('plugin/config/bridge.schema.json', 'utf8'));
  for (const property of Object.values<object>(schema.properties)) {
    expect(Object.keys(property)).toEqual(
      expect.arrayContaining([expect.stringMatching(/description|\$ref/)]),
    );
  }
});
