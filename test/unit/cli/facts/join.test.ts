import { readPart } from '../../../../cli/facts/configurations.ts';
import type { AttachmentFacts } from '../../../../cli/facts/facts.ts';
import { join } from '../../../../cli/facts/join.ts';
import type { ConfiguredNetwork, Netfilter, Raw } from '../../../../cli/facts/raw.ts';
import { addressesOf } from '../../../../cli/facts/summary.ts';
import { containerChain } from '../../../../plugin/netfilter/masquerade/go-names.ts';
import { lease, link, netfilter, raw, table } from './raw.ts';

const bridge = link({ index: 2, name: 'br0', kind: 'bridge' });

function configured(name: string, keys: object = {}): ConfiguredNetwork {
  const ipam = { type: 'host-local', subnet: '10.0.0.0/24' };
  const json = { cniVersion: '1.0.0', name, type: 'bridge', bridge: 'br0', ipam, ...keys };
  return { file: `/etc/cni/net.d/${name}.conf`, name, config: readPart(json), fault: undefined };
}

function directory(
  network: string,
  leases: Raw['directories'][number]['leases'],
): Raw['directories'][number] {
  return { network, path: `/var/lib/cni/networks/${network}`, leases };
}

/** The only attachment of the only network that isn't configured in vain. */
function only(some: Partial<Raw>): AttachmentFacts {
  const all = join(raw(some)).networks.flatMap(({ attachments }) => attachments);
  const [first, ...others] = all;
  if (first === undefined || others.length > 0) throw new Error(`there are ${all.length}`);
  return first;
}

test('veth, lease and masquerading with one label are one attachment, with its pod', () => {
  const veth = link({ index: 5, name: 'veth1', alias: 'cni net c1 eth0 default/web-0', master: 2 });
  const { networks } = join(
    raw({
      links: [bridge, veth],
      directories: [directory('net', [lease('net', '10.0.0.2', 'c1')])],
      netfilter: netfilter({ tables: [table('net', { '10.0.0.2': 'cni net c1 eth0' })] }),
      configured: [configured('net', { ipMasq: true })],
    }),
  );
  expect(networks).toHaveLength(1);
  expect(networks[0]).toMatchObject({
    name: 'net',
    bridgeName: 'br0',
    bridge: { index: 2 },
    subnets: ['10.0.0.0/24'],
    gateways: ['10.0.0.1'],
    masquerades: true,
    leased: 1,
    capacity: 253,
    faults: [],
  });
  expect(networks[0]?.attachments).toMatchObject([
    {
      containerID: 'c1',
      ifname: 'eth0',
      pod: 'default/web-0',
      veth: { name: 'veth1' },
      bridge: 'br0',
      faults: [],
    },
  ]);
});

describe('what is wrong is said', () => {
  const alias = 'cni net c1 eth0';
  const leased = directory('net', [lease('net', '10.0.0.2', 'c1')]);
  const veth = { index: 5, name: 'veth1', alias, master: 2 };

  test.each<[string, Partial<Raw>, string[]]>([
    ['a lease alone', { links: [bridge], directories: [leased] }, ['no host veth']],
    [
      'masquerading alone',
      { links: [bridge], netfilter: netfilter({ tables: [table('net', { '10.0.0.2': alias })] }) },
      ['no host veth', 'no lease'],
    ],
    ['a veth alone', { links: [bridge, link(veth)] }, ['no lease']],
    [
      'a veth that is down',
      { links: [bridge, link({ ...veth, up: false, operational: false })], directories: [leased] },
      ['host veth is down'],
    ],
    [
      'a container that has set its interface down',
      { links: [bridge, link({ ...veth, operational: false })], directories: [leased] },
      ["container's interface is down"],
    ],
    [
      'a veth that somebody took from the bridge',
      { links: [bridge, link({ ...veth, master: 0 })], directories: [leased] },
      ['not on a bridge'],
    ],
    [
      'a veth on another bridge',
      {
        links: [bridge, link({ index: 3, name: 'br1', kind: 'bridge' }), link({ ...veth, master: 3 })],
        directories: [leased],
      },
      ['on br1, not on br0'],
    ],
  ])('%s', (_what, some, faults) => {
    expect(only({ configured: [configured('net')], ...some }).faults).toEqual(faults);
  });

  test('an address that is not masqueraded', () => {
    const some = { links: [bridge, link(veth)], directories: [leased] };
    const masqueraded = [configured('net', { ipMasq: true })];
    expect(only({ ...some, configured: masqueraded }).faults).toEqual(['10.0.0.2 is not masqueraded']);
    // What can't be seen is not held against anybody.
    expect(only({ ...some, configured: masqueraded, netfilter: undefined }).faults).toEqual([]);
  });

  test('whichever masquerades does, unless the configuration has the other', () => {
    const chain = containerChain({ network: 'net', containerID: 'c1' });
    const source = { address: '10.0.0.2', chain, comment: '', by: 'iptables-nft' } as const;
    const byIptables = netfilter({ sources: [source] });
    const byNftables = netfilter({ tables: [table('net', { '10.0.0.2': alias })] });
    const faults = (ipMasqBackend: string | undefined, found: Netfilter): readonly string[] => {
      const more = { ipMasq: true, ...(ipMasqBackend !== undefined && { ipMasqBackend }) };
      const some = {
        links: [bridge, link(veth)],
        directories: [leased],
        configured: [configured('net', more)],
      };
      return only({ ...some, netfilter: found }).faults;
    };
    const lost = ['10.0.0.2 is not masqueraded'];
    expect(faults(undefined, byIptables)).toEqual([]);
    expect(faults('iptables', byIptables)).toEqual([]);
    expect(faults('nftables', byIptables)).toEqual(lost);
    expect(faults(undefined, byNftables)).toEqual([]);
    expect(faults('iptables', byNftables)).toEqual(lost);
    // Another container's chain.
    expect(faults('iptables', netfilter({ sources: [{ ...source, chain: 'CNI-0' }] }))).toEqual(lost);
  });

  test('a MAC address that is not checked', () => {
    const some = { links: [bridge, link(veth)], directories: [leased] };
    const checked = [configured('net', { macspoofchk: true })];
    expect(only({ ...some, configured: checked }).faults).toEqual(['its MAC is not checked']);
    const spoofChecks = new Set(['cni-br-iface-c1-eth0']);
    const whole = only({ ...some, configured: checked, netfilter: netfilter({ spoofChecks }) });
    expect(whole).toMatchObject({ faults: [], spoofCheck: 'cni-br-iface-c1-eth0' });
    expect(only({ ...some, configured: checked, netfilter: undefined }).faults).toEqual([]);
  });
});

test('a container whose lease nobody may read is not said to have none', () => {
  const closed = { ...lease('net', '10.0.0.2', ''), ifname: '', fault: 'EACCES' };
  const veth = link({ index: 5, name: 'veth1', alias: 'cni net c1 eth0', master: 2 });
  const some = { links: [bridge, veth], directories: [directory('net', [closed])] };
  expect(only({ ...some, configured: [configured('net')] }).faults).toEqual([]);
  expect(join(raw(some)).networks[0]?.leased).toBe(1);
});

test('a lease without an interface, as the oldest plugins wrote them, is its container’s', () => {
  const veth = link({ index: 5, name: 'veth1', alias: 'cni net c1 eth0', master: 2 });
  const old = lease('net', '10.0.0.2', 'c1', '');
  expect(only({ links: [bridge, veth], directories: [directory('net', [old])] })).toMatchObject({
    ifname: 'eth0',
    leases: [old],
    faults: [],
  });
});

test.each([
  ['cni net c1', { network: 'net', containerID: 'c1', ifname: '' }],
  ['cni net', { network: 'net', containerID: '', ifname: '' }],
  ['cni ', { network: '', containerID: '', ifname: '' }],
])('an alias cut short, "%s", is shown as far as it goes', (alias, facts) => {
  const attachment = only({ links: [bridge, link({ index: 5, name: 'veth1', alias, master: 2 })] });
  expect(attachment).toMatchObject(facts);
  expect(attachment.faults).toContain('its alias is cut short');
});

test('a long name is one network, by label and by directory', () => {
  const long = 'n'.repeat(120);
  const leases = [lease(long, '10.0.0.2', 'c'.repeat(200))];
  const { networks } = join(raw({ directories: [directory(long, leases)] }));
  expect(networks.map(({ name }) => name)).toEqual([long]);
  expect(networks[0]?.attachments).toMatchObject([{ containerID: 'c'.repeat(200) }]);
});

test('what is others’ is told apart, and a file that is not a lease too', () => {
  const docker = link({ index: 7, name: 'docker0', kind: 'bridge' });
  const foreign = link({ index: 8, name: 'veth9', alias: 'uplink', master: 7 });
  const strange = { ...lease('net', '10.0.0.9', ''), fault: 'not a lease' };
  const facts = join(raw({ links: [docker, foreign], directories: [directory('net', [strange])] }));
  expect(facts.others).toEqual({ bridges: [docker], veths: [foreign] });
  expect(facts.networks).toMatchObject([
    { name: 'net', leased: 0, attachments: [], strangeFiles: [strange] },
  ]);
});

test('without a configuration the bridge is the one that most of the veths are on', () => {
  const addresses = [{ index: 2, cidr: { ip: { family: 2 as const, value: 0x0a000001n }, prefix: 24 } }];
  const veth = link({ index: 5, name: 'veth1', alias: 'cni net c1 eth0', master: 2 });
  const { networks } = join(raw({ links: [bridge, veth], addresses }));
  expect(networks).toMatchObject([
    { bridgeName: 'br0', subnets: ['10.0.0.0/24'], gateways: ['10.0.0.1'], capacity: undefined },
  ]);
});

test('on a bridge with veths that bear no label, a lease without a veth may be the Go plugin’s', () => {
  const go = link({ index: 5, name: 'veth1', master: 2 });
  const some = { links: [bridge, go], directories: [directory('net', [lease('net', '10.0.0.2', 'c1')])] };
  expect(only({ ...some, configured: [configured('net')] }).faults).toEqual([]);
});

test('a veth without a label is that of the lease whose address is behind it', () => {
  const [go, foreign] = [
    link({ index: 5, name: 'veth1', master: 2 }),
    link({ index: 6, name: 'veth2', master: 2 }),
  ];
  const some = {
    links: [bridge, go, foreign],
    directories: [directory('net', [lease('net', '10.0.0.2', 'c1')])],
    configured: [configured('net')],
    farEnds: [
      { veth: 5, addresses: ['10.0.0.2/24'] },
      { veth: 6, addresses: ['10.0.0.77/24'] },
    ],
  };
  expect(only(some)).toMatchObject({ veth: { name: 'veth1' }, bridge: 'br0', faults: [] });
  expect(join(raw(some)).others.veths).toEqual([foreign]);
});

test('where no lease tells, the addresses are those in the container', () => {
  const veth = link({ index: 5, name: 'veth1', alias: 'cni net c1 eth0', master: 2 });
  const dhcp = configured('net', { ipam: { type: 'dhcp' } });
  const farEnds = [{ veth: 5, addresses: ['10.0.0.9/24'] }];
  const attachment = only({ links: [bridge, veth], configured: [dhcp], farEnds });
  expect(attachment).toMatchObject({ seen: ['10.0.0.9/24'], faults: [] });
  expect(addressesOf(attachment, { subnets: [] })).toEqual(['10.0.0.9/24']);
});

test('what a range excludes, or has not, is counted apart', () => {
  const ipam = { type: 'host-local', subnet: '10.0.0.0/24', exclude: ['10.0.0.128/25'] };
  const addresses = ['10.0.0.2', '10.0.0.130', '192.0.2.1'];
  const { networks } = join(
    raw({
      directories: [
        directory(
          'net',
          addresses.map((address) => lease('net', address, 'c1')),
        ),
      ],
      configured: [configured('net', { ipam })],
    }),
  );
  expect(networks).toMatchObject([{ leased: 1, leasedBesides: 2, capacity: 126 }]);
});
