import fc from 'fast-check';

/** Texts that programs stumble over, and any others. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '/',
    '../../../../tmp/evil',
    'a/../b',
    '\0',
    '\r\n',
    '__proto__',
    'constructor',
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.0/33',
    '256.1.1.1/8',
    '::',
    '::/0',
    'fd00::1/64',
    '::ffff:10.0.0.1/120',
    'fe80::1%eth0',
    '0.0.0.0/0',
    '1.1.0',
    '99.0.0',
    'host-local',
    'MAC=02:00:00:00:00:01;IP=10.0.0.9',
    'IgnoreUnknown=1;X=Y',
    '=;=',
    '\ud800',
  ),
);

/** Any JSON value, with such texts for keys and values. */
export const oddJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  oddText,
  fc.constantFrom(null, true, -1, 0, 1.5, 1e300, 4294967296, [], {}, [[]], [null], [{}]),
);

/** A configuration that uses every key. */
const whole = {
  cniVersion: '1.1.0',
  name: 'net',
  type: 'bridge',
  bridge: 'br0',
  isGateway: true,
  isDefaultGateway: true,
  metric: 100,
  forceAddress: true,
  ipMasq: true,
  ipMasqBackend: 'nftables',
  ipMasqFamilies: ['ipv4', 'ipv6'],
  outboundAddresses: ['192.0.2.10', '2001:db8::10'],
  noMasquerade: ['10.0.0.0/8', 'fd00::/8'],
  mtu: 1400,
  hairpinMode: false,
  promiscMode: false,
  vlan: 0,
  vlanTrunk: [{ id: 3 }, { minID: 5, maxID: 9 }],
  preserveDefaultVlan: false,
  macspoofchk: true,
  ipspoofchk: true,
  enabledad: false,
  disableContainerInterface: false,
  portIsolation: false,
  learning: false,
  proxyArp: true,
  neighSuppress: true,
  groupFwdMask: 0x4000,
  uplink: 'eth1',
  vrf: 'blue',
  stp: true,
  forwardDelay: 2,
  removeUnused: true,
  hostInterfaceName: 'web-{id}',
  debug: '/run/path/debug.log',
  forward: true,
  forgetConnections: true,
  isolate: 'strict',
  dns: { nameservers: ['10.0.0.1'], domain: 'x', search: ['y'], options: ['z'] },
  args: { cni: { ips: ['10.0.0.9'], mac: '02:00:00:00:00:01', hostInterfaceName: 'web0' } },
  runtimeConfig: {
    ips: ['10.0.0.8/24'],
    mac: '02:00:00:00:00:02',
    hostInterfaceName: 'web1',
    ipRanges: [[{ subnet: '10.0.1.0/24' }]],
  },
  'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }],
  prevResult: {
    cniVersion: '1.0.0',
    interfaces: [
      { name: 'br0', mac: '02:00:00:00:00:01' },
      { name: 'eth0', sandbox: '/run/netns/c1' },
    ],
    ips: [{ address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 1 }],
    routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1', mtu: 1400, priority: 5 }],
    dns: {},
  },
  ipam: {
    type: 'host-local',
    dataDir: '/var/lib/cni/networks',
    subnet: '10.0.0.0/24',
    rangeStart: '10.0.0.5',
    rangeEnd: '10.0.0.50',
    gateway: '10.0.0.1',
    exclude: ['10.0.0.6', '10.0.0.32/28'],
    ranges: [[{ subnet: 'fd00::/64', gateway: 'fd00::1', exclude: ['fd00::/65'] }]],
    routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1' }],
    resolvConf: '/etc/resolv.conf',
    sticky: true,
    requestOutsideRange: true,
    reclaimAfterReboot: true,
  },
};

/** Where a value stands within another: keys and indices. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

/** The same value with one place replaced. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item, index) => (String(index) === key ? replaced(item, rest, by) : item));
  }
  if (typeof value !== 'object' || value === null) return by;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === key ? replaced(inner, rest, by) : inner]),
  );
}

/** A value with up to three places replaced. */
export function damaged(value: unknown): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.constantFrom(...places(value)), oddJson);
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce((now, [path, by]) => replaced(now, path, by), value));
}

/** What a plugin may be given on stdin: a configuration with damage, bytes of one, or any bytes. */
export const stdin: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: damaged(whole).map((json) => Buffer.from(JSON.stringify(json) ?? '')) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(2000), fc.uint8Array({ maxLength: 4 })).map(([at, bytes]) => {
      const text = Buffer.from(JSON.stringify(whole));
      return Buffer.concat([text.subarray(0, at), bytes, text.subarray(at + bytes.length)]);
    }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: oddJson.map((json) => Buffer.from(JSON.stringify(json) ?? '')) },
);

/** An environment in which each variable is right, odd or missing. */
export function environment(command: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> {
  const value = (right: string) =>
    fc.oneof({ weight: 5, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: oddText });
  return fc.record({
    CNI_COMMAND: command,
    CNI_CONTAINERID: value('c1'),
    CNI_NETNS: value('/run/netns/c1'),
    CNI_IFNAME: value('eth0'),
    CNI_PATH: value('/'),
    CNI_ARGS: value('IgnoreUnknown=1'),
    CNI_NETNS_OVERRIDE: value(''),
    CNI_VERSION: value(''),
  });
}

/** The result of a delegate, or what a broken one prints. */
export const result: fc.Arbitrary<unknown> = fc.oneof(
  damaged(whole.prevResult),
  damaged({
    cniVersion: '0.2.0',
    ip4: { ip: '10.0.0.2/24', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0' }] },
    ip6: { ip: 'fd00::2/64' },
    dns: {},
  }),
  oddJson,
);
