import { existsSync, readdirSync } from 'node:fs';
import type { Outcome } from '../support/host.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

let net = new SharedDirectory();
const directories: SharedDirectory[] = [];
function directory(config: object): SharedDirectory {
  const made = new SharedDirectory(config);
  directories.push(made);
  return made;
}
afterEach(() => {
  for (const made of directories.splice(0)) made.remove();
});

const families: [string, object][] = [
  ['IPv4', { subnet: '10.1.2.0/24' }],
  ['IPv6', { ranges: [[{ subnet: 'fd00:1::/64' }]] }],
  ['dual stack', { ranges: [[{ subnet: '10.1.2.0/24' }], [{ subnet: 'fd00:1::/64' }]] }],
  [
    'three sets, one of two subnets',
    {
      subnet: '10.1.0.0/24',
      ranges: [[{ subnet: '10.2.0.0/30' }, { subnet: '10.3.0.0/24' }], [{ subnet: 'fd00:1::/120' }]],
    },
  ],
];

describe.each(hostLocals)('%s and the Go host-local on one directory', (_name, ours) => {
  describe.each(families)('%s', (_family, config) => {
    beforeEach(() => {
      net = directory(config);
    });

    test('each checks and releases what the other leased', () => {
      for (const [adder, other] of [
        [ours, reference],
        [reference, ours],
      ] as const) {
        const addresses = net.lease(adder, 'c1');
        net.must(other, 'CHECK', 'c1');
        net.must(adder, 'CHECK', 'c1');
        expect(net.refusal(other, 'ADD', 'c1').msg).toMatch(/duplicate allocation is not allowed/);
        expect(net.refusal(other, 'CHECK', 'c1', { ifname: 'eth1' }).msg).not.toBe('');
        net.must(other, 'DEL', 'c1', { ifname: 'eth1' });
        expect(net.leased()).toEqual(addresses.map((address) => address.replace(/\/.*/, '')).sort());
        net.must(other, 'DEL', 'c1');
        expect(net.leased()).toEqual([]);
        expect(net.refusal(adder, 'CHECK', 'c1').msg).not.toBe('');
        net.must(adder, 'DEL', 'c1');
      }
      expect(net.indexed()).toEqual([]);
    });

    test('one container’s two interfaces are apart', () => {
      const [first, second] = [net.lease(ours, 'c1'), net.lease(reference, 'c1', { ifname: 'eth1' })];
      expect(second).not.toEqual(first);
      net.must(reference, 'DEL', 'c1');
      net.must(ours, 'CHECK', 'c1', { ifname: 'eth1' });
      net.must(ours, 'DEL', 'c1', { ifname: 'eth1' });
      expect(net.leased()).toEqual([]);
    });

    test('taking turns, they hand out what one of them alone would', () => {
      const alone = directory(config);
      for (let i = 0; i < 12; i++) {
        expect(net.lease(i % 2 === 0 ? ours : reference, `c${i}`)).toEqual(alone.lease(reference, `c${i}`));
        if (i % 3 !== 2) continue;
        net.must(i % 2 === 0 ? ours : reference, 'DEL', `c${i - 1}`);
        alone.must(reference, 'DEL', `c${i - 1}`);
      }
      expect(net.leased()).toEqual(alone.leased());
    });
  });

  test('none of the Go host-local’s leases is missed, wherever it is', () => {
    net = directory({ subnet: '10.1.0.0/16' });
    net.lease(ours, 'a');
    const at = (address: string): object => ({ args: `IP=${address}` });
    const changes: [string, () => void][] = [
      ['10.1.50.1', () => net.lease(reference, 'x', at('10.1.50.1'))],
      [
        '10.1.50.1',
        () => {
          net.lease(reference, 'x', at('10.1.50.1'));
          net.lease(reference, 'y', at('10.1.0.3'));
        },
      ],
      // The address, and on ext4 the inode too, belonged to a lease that is gone.
      [
        '10.1.0.2',
        () => {
          net.must(reference, 'DEL', 'a');
          net.lease(reference, 'x', at('10.1.0.2'));
        },
      ],
    ];
    for (const [address, change] of changes) {
      for (const command of ['ADD', 'CHECK', 'DEL']) {
        change();
        if (command === 'ADD') expect(net.refusal(ours, 'ADD', 'x').msg).toMatch(/duplicate allocation/);
        if (command === 'CHECK') net.must(ours, 'CHECK', 'x');
        expect(net.leased()).toContain(address);
        net.must(ours, 'DEL', 'x');
        expect(net.leased()).not.toContain(address);
        for (const id of ['a', 'y']) net.must(reference, 'DEL', id);
        net.lease(ours, 'a', at('10.1.0.2'));
      }
    }
    net.must(ours, 'DEL', 'a');
    expect([net.leased(), net.indexed()]).toEqual([[], []]);
  });

  test('a lease that names no interface is checked and released by both', () => {
    net = directory({ subnet: '10.1.2.0/24' });
    for (const executable of [ours, reference]) {
      net.write('10.1.2.9', 'c1\n');
      net.must(executable, 'CHECK', 'c1');
      net.must(executable, 'DEL', 'c1');
      expect(net.leased()).toEqual([]);
    }
  });
});

/** An ADD's result without an empty `dns`, which only one of them prints. */
function result({ status, stdout }: Outcome): unknown {
  return status === 0 && stdout !== '' ? { dns: {}, ...JSON.parse(stdout) } : { status };
}

/** Numbers that look random and are the same each time (Lehmer). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

/** A configuration of one to three sets of one to three small subnets, each with bounds and gateway of its own. */
function randomConfig(random: (below: number) => number): object {
  const range = (set: number, index: number): object => {
    const six = set === 2;
    const base = six ? `fd00:${index + 1}::` : `10.${set}.${index}.`;
    const size = 4 << random(2);
    const at = (offset: number): string => `${base}${offset.toString(six ? 16 : 10)}`;
    const start = 1 + random(2);
    const end = start + random(size - 2 - start + 1);
    return {
      subnet: `${at(0)}/${(six ? 128 : 32) - Math.log2(size)}`,
      ...(random(2) > 0 ? { rangeStart: at(start) } : {}),
      ...(random(2) > 0 ? { rangeEnd: at(Math.max(end, start)) } : {}),
      ...(random(2) > 0 ? { gateway: at(1 + random(size - 2)) } : {}),
    };
  };
  const sets = 1 + random(3);
  return {
    ranges: Array.from({ length: sets }, (_, set) =>
      Array.from({ length: 1 + random(3) }, (_range, index) => range(set, index)),
    ),
  };
}

describe.each(hostLocals)('%s hands out the same sequence as the Go host-local', (name, ours) => {
  // Node's runtime takes long to start, and the code is the same.
  const seeds = name.includes('pkg') ? [1] : [1, 2, 3, 4, 5, 6];
  test.each(seeds)('over wraps, exhaustion and releases: seed %i', (seed) => {
    const random = randomNumbers(seed * 7919);
    const config = randomConfig(random);
    const [mine, theirs] = [directory(config), directory(config)];
    const held: string[] = [];
    const story: string[] = [JSON.stringify(config)];
    for (let step = 0; step < 40; step++) {
      const [victim] = random(5) < 2 ? held.splice(random(held.length || 1), 1) : [];
      const [command, id] = victim === undefined ? ['ADD', `c${step}`] : ['DEL', victim];
      const [a, b] = [mine.call(ours, command, id), theirs.call(reference, command, id)];
      story.push(`${command} ${id}`);
      expect([story, result(a)]).toEqual([story, result(b)]);
      if (command === 'ADD' && a.status === 0) held.push(id);
    }
    expect(mine.leased()).toEqual(theirs.leased());
    const turns = (net: SharedDirectory): string[] =>
      readdirSync(net.directory)
        .filter((file) => file.startsWith('last'))
        .map((file) => `${file} ${net.read(file)}`);
    expect(turns(mine)).toEqual(turns(theirs));
  });
});

describe.each(hostLocals)('%s answers a configuration as the Go host-local does', (_name, ours) => {
  const good: [string, object][] = [
    [
      'routes',
      { subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }, { dst: '10.9.0.0/16', gw: '10.1.0.7' }] },
    ],
    [
      'routes with all their fields',
      {
        subnet: '10.1.0.0/24',
        routes: [{ dst: '10.9.0.0/16', mtu: 1400, advmss: 1300, priority: 5, table: 9, scope: 0 }],
      },
    ],
    ['a gateway elsewhere', { subnet: '10.1.0.0/24', gateway: '10.9.9.9' }],
    ['a gateway in the middle', { subnet: '10.1.0.0/29', gateway: '10.1.0.2', rangeStart: '10.1.0.2' }],
    ['a range of one', { subnet: '10.1.0.0/24', rangeStart: '10.1.0.9', rangeEnd: '10.1.0.9' }],
    ['a range that is the gateway', { subnet: '10.1.0.0/24', rangeStart: '10.1.0.1', rangeEnd: '10.1.0.1' }],
    ['the first address as rangeStart', { subnet: '10.1.0.0/24', rangeStart: '10.1.0.0' }],
    [
      'the broadcast address as rangeEnd',
      { subnet: '10.1.0.0/24', rangeStart: '10.1.0.255', rangeEnd: '10.1.0.255' },
    ],
    ['/30', { subnet: '10.1.0.0/30' }],
    ['IPv6 /126', { subnet: 'fd00::/126' }],
    ['IPv6 written long', { subnet: 'fd00:0:0:0:0:0:0:0/64', rangeStart: 'fd00:0::00a0' }],
    ['subnet before ranges', { subnet: '10.1.0.0/24', ranges: [[{ subnet: '10.2.0.0/24' }]] }],
    ['two sets of a family', { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: '10.2.0.0/24' }]] }],
    ['sets side by side', { ranges: [[{ subnet: '10.1.0.0/25' }], [{ subnet: '10.1.0.128/25' }]] }],
  ];
  const bad: [string, object][] = [
    ['nothing to allocate from', {}],
    ['an empty list', { ranges: [] }],
    ['an empty set', { ranges: [[]] }],
    ['/31', { subnet: '10.1.0.0/31' }],
    ['/32', { subnet: '10.1.0.0/32' }],
    ['IPv6 /127', { subnet: 'fd00::/127' }],
    ['IPv6 /128', { subnet: 'fd00::/128' }],
    ['rangeStart elsewhere', { subnet: '10.1.0.0/24', rangeStart: '10.2.0.1' }],
    ['rangeEnd elsewhere', { subnet: '10.1.0.0/24', rangeEnd: '10.2.0.1' }],
    ['rangeStart after rangeEnd', { subnet: '10.1.0.0/24', rangeStart: '10.1.0.9', rangeEnd: '10.1.0.8' }],
    ['rangeStart of the other family', { subnet: '10.1.0.0/24', rangeStart: 'fd00::1' }],
    ['mixed families in a set', { ranges: [[{ subnet: '10.1.0.0/24' }, { subnet: 'fd00::/64' }]] }],
    ['overlap in a set', { ranges: [[{ subnet: '10.1.0.0/24' }, { subnet: '10.1.0.0/25' }]] }],
    ['overlap of sets', { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: '10.1.0.0/16' }]] }],
    ['subnet and ranges overlap', { subnet: '10.1.0.0/24', ranges: [[{ subnet: '10.1.0.0/24' }]] }],
    ['no subnet', { ranges: [[{ rangeStart: '10.1.0.9' }]] }],
    ['a subnet that is none', { subnet: '10.1.0/24' }],
    ['a gateway that is none', { subnet: '10.1.0.0/24', gateway: '10.1.0' }],
    ['a route that is none', { subnet: '10.1.0.0/24', routes: [{ dst: 'everywhere' }] }],
  ];

  test.each(good)('%s', (what, config) => {
    // A route's other fields are part of a result since 1.1.0.
    for (const cniVersion of what.includes('fields') ? ['1.1.0'] : ['0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
      const [mine, theirs] = [directory(config), directory(config)];
      for (const id of ['a', 'b']) {
        const [a, b] = [
          mine.call(ours, 'ADD', id, { cniVersion }),
          theirs.call(reference, 'ADD', id, { cniVersion }),
        ];
        expect([cniVersion, id, result(a)]).toEqual([cniVersion, id, result(b)]);
      }
      expect(mine.leased()).toEqual(theirs.leased());
    }
  });

  test.each(bad)('%s', (_what, config) => {
    const [mine, theirs] = [directory(config), directory(config)];
    expect(theirs.call(reference, 'ADD', 'a').status).toBe(1);
    const { code, msg, details = '' } = mine.refusal(ours, 'ADD', 'a');
    expect([code, `${msg}: ${details}`]).toEqual([7, expect.stringMatching(/^invalid.*configuration: ./)]);
    expect(existsSync(mine.directory)).toBe(false);
  });

  test.each<[string, object]>([
    ['CNI_ARGS', { args: 'IP=10.1.0.77' }],
    ['runtimeConfig.ips', { runtimeConfig: { ips: ['10.1.0.77', 'fd00::77/64'] } }],
    ['runtimeConfig.ipRanges', { runtimeConfig: { ipRanges: [[{ subnet: '10.4.0.0/24' }]] } }],
    ['the gateway', { args: 'IP=10.1.0.1' }],
    ['one outside', { args: 'IP=10.7.0.1' }],
    ['one of two outside', { runtimeConfig: { ips: ['10.1.0.77', '10.7.0.1'] } }],
    ['none at all', { args: 'IP=me' }],
  ])('requested by %s', (_what, options) => {
    const config = { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] };
    const [mine, theirs] = [directory(config), directory(config)];
    for (const id of ['a', 'b']) {
      const [a, b] = [mine.call(ours, 'ADD', id, options), theirs.call(reference, 'ADD', id, options)];
      expect([id, result(a)]).toEqual([id, result(b)]);
    }
    expect(mine.leased()).toEqual(theirs.leased());
  });
});
