import { articleAs } from '../support/article.ts';
import { add, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';
import { type Refused, refuses } from './support/refuses.ts';

const article = articleAs('1.1.0');

const refused: Refused[] = [
  [{ cniVersion: 5 }, 6, 'cniVersion: must be a version such as "1.1.0", not 5'],
  [{ cniVersion: 'adsfsadf' }, 6, 'failed to decode version info'],
  [{ cniVersion: '1.0' }, 1, '"1.0"'],
  [
    { name: 5 },
    7,
    'name: must begin with a letter or digit and contain only letters, digits, `_`, `.` and `-`, not 5',
  ],
  [{ name: '.x' }, 7, 'not ".x"'],
  [{ type: 5 }, 7, 'type: must be a string, not 5'],
  [{ bridge: 5 }, 7, 'bridge: must be the name of a link'],
  [{ bridge: 'a b' }, 7, 'not "a b"'],
  [{ bridge: 'a%d' }, 7, 'not "a%d"'],
  [{ bridge: 'all' }, 7, 'not "all"'],
  [{ bridge: 'éééééééé' }, 7, 'bridge: "éééééééé" is longer than 15 bytes'],
  ...['isGateway', 'isDefaultGateway', 'forceAddress', 'ipMasq', 'hairpinMode', 'promiscMode'].map(
    (key): Refused => [{ [key]: 'true' }, 7, `${key}: must be true or false, not "true"`],
  ),
  ...['learning', 'proxyArp', 'neighSuppress', 'stp'].map(
    (key): Refused => [{ [key]: 'no' }, 7, `${key}: must be true or false, not "no"`],
  ),
  ...[-1, 65_536, 1.5, '0x4000'].map(
    (groupFwdMask): Refused => [
      { groupFwdMask },
      7,
      `groupFwdMask: must be an integer from 0 to 65535, not ${JSON.stringify(groupFwdMask)}`,
    ],
  ),
  ...[2, 7, 65_535].map(
    (groupFwdMask): Refused => [
      { groupFwdMask },
      7,
      `groupFwdMask: must be without bit 1 (2, pause frames), which Linux never forwards, not ${groupFwdMask}`,
    ],
  ),
  ...[1, 31, 2.5, '2'].map(
    (forwardDelay): Refused => [
      { stp: true, forwardDelay },
      7,
      `forwardDelay: must be an integer from 2 to 30, not ${JSON.stringify(forwardDelay)}`,
    ],
  ),
  [{ forwardDelay: 2 }, 7, 'forwardDelay: needs "stp": true, without which a port forwards at once'],
  ...[
    'preserveDefaultVlan',
    'macspoofchk',
    'enabledad',
    'disableContainerInterface',
    'portIsolation',
    'forgetConnections',
  ].map((key): Refused => [{ [key]: 1 }, 7, `${key}: must be true or false, not 1`]),
  ...['debug.log', './debug.log', '/run/', '/', 5, true].map(
    (debug): Refused => [
      { debug },
      7,
      `debug: must be the absolute path of a file, not ${JSON.stringify(debug)}`,
    ],
  ),
  [{ debug: '/run' }, 7, 'debug: must be a file, and "/run" is a directory'],
  ...['true', 1, {}, []].map(
    (forward): Refused => [{ forward }, 7, `forward: must be true or false, not ${JSON.stringify(forward)}`],
  ),
  ...['true', 1, {}, []].map(
    (forward): Refused => [{ forward }, 7, `forward: must be true or false, not ${JSON.stringify(forward)}`],
  ),
  ...['true', 'Strict', 1, {}, []].map(
    (isolate): Refused => [
      { isolate },
      7,
      `isolate: must be true, false or "strict", not ${JSON.stringify(isolate)}`,
    ],
  ),
  [{ forward: true, bridge: 'cni+' }, 7, 'forward: iptables takes the bridge name "cni+"'],
  [{ hairpinMode: true, promiscMode: true }, 7, 'hairpinMode, promiscMode: cannot set hairpin mode'],
  [
    { disableContainerInterface: true },
    7,
    'disableContainerInterface: cannot use IPAM when DisableContainerInterface flag is set',
  ],
  ...[-1, 2 ** 32, 1.5, '100'].map(
    (metric): Refused => [
      { isDefaultGateway: true, metric },
      7,
      `metric: must be an integer from 0 to 4294967295, not ${JSON.stringify(metric)}`,
    ],
  ),
  [{ metric: 100 }, 7, 'metric: 100 needs isDefaultGateway, whose default routes get it'],
  [{ ipMasqBackend: 'ipvs' }, 7, 'ipMasqBackend: must be one of "nftables", "iptables", not "ipvs"'],
  [{ ipMasqBackend: 5 }, 7, 'ipMasqBackend: must be one of "nftables", "iptables", not 5'],
  ...[-1, 67, 65_536, 1.5, '1400', 'Auto', true].map(
    (mtu): Refused => [
      { mtu },
      7,
      `mtu: must be an integer from 68 to 65535, "auto", or 0 for the kernel's choice, not ${JSON.stringify(mtu)}`,
    ],
  ),
  [
    { mtu: 1279, ipam: { type: 'host-local', subnet: 'fd00::/64' } },
    7,
    'mtu: must be 1280 or more for the IPv6 address fd00::2/64, not 1279',
  ],
  ...[-1, 4095, 1.5, '7'].map(
    (vlan): Refused => [{ vlan }, 7, `vlan: must be an integer from 0 to 4094, not ${JSON.stringify(vlan)}`],
  ),
  [{ vlanTrunk: {} }, 7, 'vlanTrunk: must be a list, not {}'],
  [{ vlanTrunk: [5] }, 7, 'vlanTrunk[0]: must be an object, not 5'],
  [{ vlanTrunk: [{ id: 0 }] }, 7, 'vlanTrunk[0].id: must be an integer from 1 to 4094, not 0'],
  [{ vlanTrunk: [{ minID: 5 }] }, 7, 'vlanTrunk[0].maxID: is missing, but minID needs it'],
  [{ vlanTrunk: [{ maxID: 5 }] }, 7, 'vlanTrunk[0].minID: is missing, but maxID needs it'],
  [{ vlanTrunk: [{ minID: 9, maxID: 5 }] }, 7, 'vlanTrunk[0]: minID 9 is greater than maxID 5'],
  ...[5, 'a b', 'sixteen_letters_', 'a%d'].map(
    (vrf): Refused => [{ vrf }, 7, `vrf: must be the name of a link, not ${JSON.stringify(vrf)}`],
  ),
  ...['lab-br1', 'up0'].map(
    (vrf): Refused => [{ vrf, uplink: 'up0' }, 7, `vrf: "${vrf}" is a link of the bridge's own`],
  ),
  ...[5, 'a b', 'sixteen_letters_', 'a%d'].map(
    (uplink): Refused => [{ uplink }, 7, `uplink: must be the name of a link, not ${JSON.stringify(uplink)}`],
  ),
  [{ uplink: 'lo' }, 7, 'uplink: "lo" is the loopback interface'],
  [{ uplink: 'éééééééé' }, 7, 'uplink: "éééééééé" is longer than 15 bytes'],
  ...['lab-br1', 'lab-br1.5'].map(
    (uplink): Refused => [{ vlan: 5, uplink }, 7, `uplink: "${uplink}" is a link of the bridge's own`],
  ),
  [
    { uplink: 'web0', args: { cni: { hostInterfaceName: 'web0' } } },
    7,
    `uplink: "web0" is a link of the bridge's own`,
  ],
  [{ hostInterfaceName: 5 }, 7, 'hostInterfaceName: must be the name of a link, in which `{id}` stands for'],
  [{ hostInterfaceName: 'a b' }, 7, 'not "a b"'],
  [{ hostInterfaceName: 'web0' }, 7, 'hostInterfaceName: must have {id} in it, not "web0": it serves many'],
  [{ hostInterfaceName: '{id}{id}' }, 7, 'hostInterfaceName: must have {id} in it once, not "{id}{id}"'],
  [
    { hostInterfaceName: 'a-{id}-too-long' },
    7,
    'hostInterfaceName: "a-{id}-too-long" is longer than 15 bytes',
  ],
  [{ hostInterfaceName: 'ééé{id}é' }, 7, 'hostInterfaceName: "ééé{id}é" is longer than 15 bytes'],
  ...['sixteen_letters_', 'a/b', 'a%d', '..', 'all'].flatMap((hostInterfaceName): Refused[] => [
    [{ args: { cni: { hostInterfaceName } } }, 7, `args.cni.hostInterfaceName: `],
    [{ runtimeConfig: { hostInterfaceName } }, 7, `runtimeConfig.hostInterfaceName: `],
  ]),
  ...['lab-br1', 'lab-br1.5'].map(
    (hostInterfaceName): Refused => [
      { vlan: 5, args: { cni: { hostInterfaceName } } },
      7,
      `hostInterfaceName: "${hostInterfaceName}" is the bridge's name or its gateway's`,
    ],
  ),
  [{ dns: 'x' }, 7, 'dns: must be an object, not "x"'],
  [{ dns: { nameservers: [5] } }, 7, 'dns.nameservers[0]: must be a string, not 5'],
  [{ args: 5 }, 7, 'args: must be an object, not 5'],
  [{ args: { cni: { mac: '01:00:5e:00:00:01' } } }, 7, 'args.cni.mac: must be a unicast MAC address'],
  [{ args: { cni: { ips: '10.15.20.7' } } }, 7, 'args.cni.ips: must be a list, not "10.15.20.7"'],
  [{ args: { cni: { ips: ['x'] } } }, 7, 'args.cni.ips[0]: must be an IP address'],
  [{ runtimeConfig: 'x' }, 7, 'runtimeConfig: must be an object, not "x"'],
  [{ runtimeConfig: { mac: 'x' } }, 7, 'runtimeConfig.mac: must be a MAC address, not "x"'],
  [{ runtimeConfig: { ips: ['10.15.20.7/64'] } }, 7, '10.15.20.7/64'],
  [{ runtimeConfig: { ipRanges: [[{ subnet: 'x' }]] } }, 7, 'runtimeConfig.ipRanges[0][0].subnet'],
  [{ prevResult: 5 }, 7, 'prevResult: must be an object, not 5'],
  [{ prevResult: { ips: 5 } }, 6, 'ips: must be a list, not 5'],
];

refuses(refused);

describe.each(executables)('a configuration that %s takes', (_name, bridge) => {
  const host = useHost('c1');

  test('keys of others, such as an editor reads', () => {
    const conf = { $schema: './bridge.schema.json', 'example.com/note': [1], ...article };
    expect(add(host, bridge, { conf }).ips[0]?.address).toBe('10.15.20.2/24');
  });

  test('the MAC address of three sources, the last of which wins', () => {
    const mac = (last: number): string => `02:15:20:00:00:0${last}`;
    const sources: [string, object, string][] = [
      [`MAC=${mac(1)}`, {}, mac(1)],
      [`MAC=${mac(1)}`, { args: { cni: { mac: mac(2) } } }, mac(2)],
      [`MAC=${mac(1)}`, { args: { cni: { mac: mac(2) } }, runtimeConfig: { mac: mac(3) } }, mac(3)],
      ['', { runtimeConfig: { mac: mac(3) } }, mac(3)],
    ];
    for (const [index, [args, more, expected]] of sources.entries()) {
      const request = { conf: { ...article, ...more }, ifname: `eth${index}`, env: { CNI_ARGS: args } };
      expect(add(host, bridge, request).interfaces[2]?.mac).toBe(expected);
      const [link] = host.json<{ address: string }[]>(`ip -n c1 -j link show dev eth${index}`);
      expect(link?.address).toBe(expected);
    }
  });
});
