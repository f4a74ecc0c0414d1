import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure, startCall } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const ranges = [[{ subnet: '10.15.20.0/24', rangeEnd: '10.15.20.99' }], [{ subnet: 'fd00:15:20::/64' }]];
const conf = { ...article, ipMasq: false, uplink: 'up0', ipam: { type: 'host-local', ranges } };
const { uplink: _uplink, ...without } = conf;
const second = { containerID: 'c2', netns: '/run/netns/c2' };

interface LinkJson {
  master?: string;
  ifalias?: string;
  mtu: number;
  flags: string[];
  address: string;
}

describe.each(executables)('uplink by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2', 'wire');
  // A cable to the namespace `wire`, which has addresses in the containers' subnets.
  beforeEach(() => {
    host.sh(`ip link add up0 type veth peer name eth0 netns wire && sysctl -qw net.ipv6.conf.up0.accept_ra=0
      ip -n wire addr add 10.15.20.200/24 dev eth0 && ip -n wire addr add fd00:15:20::200/64 dev eth0 nodad
      ip -n wire link set eth0 up
      until ip -n wire -6 route show table local | grep -q fd00:15:20::200; do :; done`);
  });

  const up0 = () => host.json<LinkJson[]>('ip -j link show up0')[0];
  const forget = () => {
    const forwarding = 'net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0';
    host.sh(`ip link del lab-br1 2>/dev/null; sysctl -qw ${forwarding}`);
  };
  const reaches = (from: string, to: string) =>
    host.run(`ip netns exec ${from} ping -c 1 -W 10 ${to}`.split(' ')).status === 0;
  const gc = (valid: object[]) =>
    call(host, bridge, 'GC', { conf: { ...conf, 'cni.dev/valid-attachments': valid } });

  test.each([
    ['was down', 'true', 'cni-bridge: uplink, was down'],
    [
      'was up and has an alias',
      'ip link set up0 up alias "to the core"',
      'cni-bridge: uplink, was up; to the core',
    ],
  ])(
    'one that %s carries packets, and is as before when the last container is gone',
    (_state, command, mark) => {
      host.sh(command);
      const before = host.snapshot('c1', 'c2', 'wire');
      const prevResult = add(host, bridge, { conf });
      expect(up0()).toMatchObject({ master: 'lab-br1', ifalias: mark });
      for (const address of ['10.15.20.200', 'fd00:15:20::200']) expect(reaches('c1', address)).toBe(true);
      expect(reaches('wire', '10.15.20.2')).toBe(true);
      add(host, bridge, { conf, ...second });
      expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({
        status: 0,
        stdout: '',
      });
      del(host, bridge, { conf });
      expect(up0()?.master).toBe('lab-br1');
      expect(reaches('c2', '10.15.20.200')).toBe(true);
      del(host, bridge, { conf, ...second });
      forget();
      expect(host.snapshot('c1', 'c2', 'wire')).toBe(before);
      del(host, bridge, { conf, ...second });
      expect(host.snapshot('c1', 'c2', 'wire')).toBe(before);
    },
  );

  test('it goes with the bridge that is removed with its last port, by a GC as well', () => {
    const before = host.snapshot('wire');
    const removing = { ...conf, removeUnused: true };
    add(host, bridge, { conf: removing });
    del(host, bridge, { conf: removing });
    forget();
    expect(host.snapshot('wire')).toBe(before);
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    expect(gc([{ containerID: 'c2', ifname: 'eth0' }])).toMatchObject({ status: 0, stdout: '' });
    expect(up0()?.master).toBe('lab-br1');
    expect(gc([])).toMatchObject({ status: 0, stdout: '' });
    forget();
    expect(host.snapshot('wire')).toBe(before);
  });

  test('an ADD that fails leaves all as it was, or the uplink to those who use it', () => {
    const routes = [{ dst: '198.51.100.0/24', gw: '10.99.0.1' }];
    const refused = { ...conf, groupFwdMask: 8, ipam: { ...conf.ipam, routes } };
    const before = host.snapshot('c1', 'wire');
    expect(failure(host, bridge, 'ADD', { conf: refused }).msg).toContain('route');
    expect(host.snapshot('c1', 'wire')).toBe(before);
    add(host, bridge, { conf, ...second });
    const used = host.snapshot('c1', 'c2', 'wire');
    const other = { ...refused, name: 'other' };
    expect(failure(host, bridge, 'ADD', { conf: other }).msg).toContain('route');
    expect(host.snapshot('c1', 'c2', 'wire')).toBe(used);
  });

  test('one that a person put into the bridge stays, unmarked', () => {
    host.sh('ip link add lab-br1 up type bridge && ip link set up0 up master lab-br1');
    const before = host.snapshot('c1', 'wire');
    add(host, bridge, { conf: { ...conf, isGateway: false, groupFwdMask: 8 } });
    expect(up0()?.ifalias).toBeUndefined();
    expect(reaches('c1', '10.15.20.200')).toBe(true);
    del(host, bridge, { conf });
    host.sh('sysctl -qw net.ipv6.conf.lab-br1.accept_ra=1');
    expect(host.snapshot('c1', 'wire')).toBe(before);
  });

  test('it stays while another network, or a person, has a port on the bridge', () => {
    add(host, bridge, { conf });
    host.sh('ip link add p0 master lab-br1 type veth peer name p1');
    del(host, bridge, { conf });
    expect(up0()?.master).toBe('lab-br1');
    host.sh('ip link del p0');
    const other = { ...without, name: 'other' };
    add(host, bridge, { conf: other, ...second });
    expect(gc([])).toMatchObject({ status: 0 });
    expect(up0()?.master).toBe('lab-br1');
    del(host, bridge, { conf: other, ...second });
    // The network that has it takes it out.
    expect(gc([])).toMatchObject({ status: 0 });
    expect(up0()?.master).toBeUndefined();
    expect(up0()?.ifalias).toBeUndefined();
    expect(up0()?.flags).not.toContain('UP');
  });

  test.each([
    ['moved it to another bridge', 'ip link add br9 type bridge && ip link set up0 master br9', 'br9', true],
    ['took it out', 'ip link set up0 nomaster', undefined, false],
    ['deleted the bridge', 'ip link del lab-br1', undefined, false],
  ])(
    'after a person %s, a DEL takes the mark away alone, or what is left',
    (_what, command, master, isUp) => {
      add(host, bridge, { conf });
      host.sh(command);
      del(host, bridge, { conf });
      expect([up0()?.master, up0()?.ifalias]).toEqual([master, undefined]);
      expect(up0()?.flags.includes('UP')).toBe(isUp);
    },
  );

  test('its MTU is that of the veth pair and of a new bridge, unless the configuration has a lower one', () => {
    host.sh('ip link set up0 mtu 1400');
    const mtus = () =>
      ['', '-n c1 '].flatMap((where) =>
        host
          .json<(LinkJson & { ifname: string })[]>(`ip ${where}-j link`)
          .filter(({ ifname }) => ifname !== 'lo')
          .map(({ mtu }) => mtu),
      );
    add(host, bridge, { conf });
    expect(mtus()).toEqual([1400, 1400, 1400, 1400]);
    del(host, bridge, { conf });
    host.sh(
      'ip link del lab-br1; ip link add d0 up type veth peer name d1 netns c2 && ip route add default dev d0',
    );
    add(host, bridge, { conf: { ...conf, mtu: 'auto' } });
    host.sh('ip link del d0');
    expect(mtus()).toEqual([1400, 1400, 1400, 1400]);
    del(host, bridge, { conf });
    host.sh('ip link del lab-br1');
    add(host, bridge, { conf: { ...conf, mtu: 1300 } });
    expect(mtus().toSorted()).toEqual([1300, 1300, 1300, 1400]);
  });

  test('groupFwdMask is also that of the uplink', () => {
    add(host, bridge, { conf: { ...conf, groupFwdMask: 8 } });
    add(host, bridge, { conf: { ...conf, groupFwdMask: 16384 }, ...second });
    expect(host.sh('ip -d link show up0')).toContain('group_fwd_mask 0x4008');
  });

  const refused: [string, string, string][] = [
    ['does not exist', 'ip link del up0', '"up0" is no link of this host'],
    [
      'has an IPv4 address',
      'ip addr add 192.0.2.1/24 dev up0',
      '"up0" has the address 192.0.2.1/24, which the host',
    ],
    [
      'has IPv6 addresses',
      'ip addr add 2001:db8::1/64 dev up0; ip addr add 2001:db8:1::1/64 dev up0',
      '"up0" has the address 2001:db8:1::1/64, 2001:db8::1/64, which the host would lose',
    ],
    [
      'is a port of another bridge',
      'ip link add br9 type bridge && ip link set up0 master br9',
      '"up0" is already a port of bridge "br9"',
    ],
    [
      'is a bridge',
      'ip link del up0 && ip link add up0 type bridge',
      '"up0" is a bridge, which cannot be a port of a bridge',
    ],
    [
      "is a container's veth",
      'ip link set up0 alias "cni other c9 eth0"',
      '"up0" is a container\'s host veth',
    ],
    [
      'has a lower MTU',
      'ip link set up0 mtu 1280',
      'mtu: must be at most the 1280 of uplink "up0", not 1400',
    ],
    [
      'has a long alias',
      `ip link set up0 alias ${'a'.repeat(226)}`,
      '"up0" has an alias of over 225 bytes, which leaves no room for a mark',
    ],
    [
      'the kernel refuses as a port',
      'ip link add m0 link up0 type macvlan',
      '"up0" cannot be a port of a bridge, the kernel says: ',
    ],
  ];
  test.each(refused)('one that %s is refused, and nothing is touched', (_what, command, words) => {
    host.sh(command);
    const before = host.snapshot('c1', 'wire');
    const { code, msg } = failure(host, bridge, 'ADD', { conf: { ...conf, mtu: 1400 } });
    expect([code, msg]).toEqual([7, expect.stringContaining(words)]);
    expect(host.snapshot('c1', 'wire')).toBe(before);
    if (words.includes('kernel')) return;
    expect(failure(host, bridge, 'STATUS', { conf: { ...conf, mtu: 1400 } })).toMatchObject({ code, msg });
  });

  test.each([
    [
      'taken out',
      'ip link set up0 nomaster',
      'uplink up0',
      'expected a port of lab-br1, found no port of it',
    ],
    ['deleted', 'ip link del up0', 'uplink up0', 'expected a port of lab-br1, found no link of that name'],
    ['set down', 'ip link set up0 down', 'uplink up0', 'expected up, found down'],
    [
      'not to forward the groups',
      'ip link set up0 type bridge_slave group_fwd_mask 0',
      'groupFwdMask of uplink up0',
      'expected 8, found 0',
    ],
  ])('CHECK finds that it was %s', (_what, command, object, details) => {
    const prevResult = add(host, bridge, { conf: { ...conf, groupFwdMask: 8 } });
    const request = { conf: { ...conf, groupFwdMask: 8, prevResult } };
    expect(call(host, bridge, 'CHECK', request)).toMatchObject({ status: 0, stdout: '' });
    host.sh(command);
    expect(failure(host, bridge, 'CHECK', request)).toMatchObject({
      msg: `not as it was set up: ${object}`,
      details,
    });
  });

  test('it is gone by the DEL after an ADD or a DEL that was killed, whenever that was', () => {
    const before = host.snapshot('wire');
    const removing = { ...conf, removeUnused: true };
    const kill = (command: string): void => {
      let killed = 0;
      for (;;) {
        const fault = `inject=sendto:signal=KILL:when=${killed + 1}`;
        const under = ['/usr/bin/strace', '-f', '-o', '/dev/null', '-e', fault];
        if (command === 'DEL') add(host, bridge, { conf: removing });
        const { status } = call(host, bridge, command, { conf: removing, under });
        del(host, bridge, { conf: removing });
        forget();
        expect([killed, host.snapshot('wire')]).toEqual([killed, before]);
        if (status === 0) break;
        killed++;
      }
      expect(killed).toBeGreaterThan(5);
    };
    kill('ADD');
    kill('DEL');
  });

  test('ten containers that come and go at once: each that is connected has it, and in the end it is out', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `p${index}`);
    host.addContainers(...ids);
    const before = host.snapshot('wire');
    const comeAndGo = async (containerID: string): Promise<string[]> => {
      const failures: string[] = [];
      const request = {
        conf: { ...conf, removeUnused: true },
        containerID,
        netns: `/run/netns/${containerID}`,
      };
      for (let round = 0; round < 4; round++) {
        const added = await startCall(host, bridge, 'ADD', request);
        if (added.status !== 0) failures.push(added.stdout);
        else if (up0()?.master !== 'lab-br1') {
          // A DEL that came before may just be putting it back.
          if (!reaches(containerID, '10.15.20.200')) failures.push(`${containerID} does not reach the wire`);
        }
        const { status, stdout } = await startCall(host, bridge, 'DEL', request);
        if (status !== 0) failures.push(stdout);
      }
      return failures;
    };
    expect((await Promise.all(ids.map(comeAndGo))).flat()).toEqual([]);
    forget();
    expect(host.snapshot('wire')).toBe(before);
  }, 200_000);
});
