import { articleAs } from '../support/article.ts';
import { add, del, executables, failure, type Result } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = articleAs('1.0.0');
const other = { containerID: 'other', netns: '/run/netns/c2', conf };
/** The names that the host veth of container c1 may have. */
const names = ['veth7069ed2f', 'veth1b4635a6', 'vethed2f1b46', 'veth35a67069'] as const;
const gone = '/run/netns/gone';

/** What the ADD answered, the host veth under another name: that of an earlier version of the plugin. */
function renamed({ interfaces, ...rest }: Result, name: string): Result {
  return { ...rest, interfaces: interfaces.map((one) => (one.name === names[0] ? { ...one, name } : one)) };
}

describe.each(executables)('the host veth of %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const veths = (): string[] =>
    host
      .json<{ ifname: string }[]>('ip -j link show type veth')
      .map(({ ifname }) => ifname)
      .toSorted();

  test('has the same name each time, and a MAC address that is set', () => {
    for (let round = 0; round < 2; round++) {
      expect(add(host, bridge, { conf }).interfaces[1]?.name).toBe(names[0]);
      // NET_ADDR_SET (linux/netdevice.h): udev gives no other.
      expect(host.sh(`cat /sys/class/net/${names[0]}/addr_assign_type`)).toBe('3\n');
      del(host, bridge, { conf });
      expect(veths()).toEqual([]);
    }
  });

  test.each([
    ['that says nothing of whose it is', 'true'],
    ["that says it is another's", `ip link set ${names[0]} alias "cni lab-br1 other eth0"`],
  ])('leaves its name to a link that has it already, %s', (_what, mark) => {
    host.sh(`ip link add ${names[0]} type veth peer name foreign0 && ${mark}`);
    const before = host.snapshot('c1');
    const prevResult = add(host, bridge, { conf });
    expect(prevResult.interfaces[1]?.name).toBe(names[1]);
    expect(host.sh(`ip link show ${names[1]}`)).toContain('alias cni lab-br1 c1 eth0');
    del(host, bridge, { conf: { ...conf, prevResult } });
    host.sh('ip link del lab-br1; sysctl -qw net.ipv4.ip_forward=0');
    expect(host.snapshot('c1')).toBe(before);
    // Its namespace out of reach, it is found under the second name too.
    add(host, bridge, { conf });
    del(host, bridge, { conf, netns: gone });
    host.sh('ip link del lab-br1; sysctl -qw net.ipv4.ip_forward=0');
    expect(host.snapshot('c1')).toBe(before);
  });

  test('is refused when there is no name left', () => {
    host.sh(names.map((name) => `ip link add ${name} type bridge`).join('; '));
    const before = host.snapshot('c1');
    expect(failure(host, bridge, 'ADD', { conf })).toMatchObject({
      msg: 'no free name for the host veth',
      details: `${names.join(', ')} are taken`,
    });
    expect(host.snapshot('c1')).toBe(before);
  });

  test('of two whose first name is the same, each keeps its own', () => {
    const one = { containerID: '3e8ecfc86e23', conf };
    const two = { containerID: '0ebe9b3854a3', netns: '/run/netns/c2', conf };
    const nameOf = (request: object) => add(host, bridge, { conf, ...request }).interfaces[1]?.name;
    expect([nameOf(one), nameOf(two)]).toEqual(['veth4770ee65', 'veth93f9ad87']);
    del(host, bridge, { ...one, netns: gone });
    expect(veths()).toEqual(['veth93f9ad87']);
    expect(nameOf(one)).toBe('veth4770ee65');
    del(host, bridge, { ...two, netns: gone });
    expect(veths()).toEqual(['veth4770ee65']);
  });

  test('stays with an ADD that has been refused', () => {
    add(host, bridge, { conf });
    expect(() => add(host, bridge, { conf })).toThrow('container veth name provided (eth0) already exists');
    // In another namespace it is the address that is refused.
    expect(() => add(host, bridge, { conf, netns: '/run/netns/c2' })).toThrow('duplicate allocation');
    expect(veths()).toEqual([names[0]]);
  });

  describe.each([
    ['its namespace within reach', '/run/netns/c1', 'true'],
    // Something else holds it.
    ['its namespace gone', gone, 'touch /run/held; mount --bind /run/netns/c1 /run/held; ip netns del c1'],
  ])('%s', (_reach, netns, command) => {
    test.each<[string, string, (result: Result) => object]>([
      [
        'an earlier version gave it, with a prevResult',
        'vethdeadbeef',
        (result) => renamed(result, 'vethdeadbeef'),
      ],
      [
        'an earlier version gave it, and somebody another',
        'other0',
        (result) => renamed(result, 'vethdeadbeef'),
      ],
      ['somebody gave it, with a prevResult', 'other0', (result) => result],
      ['somebody gave it, without one', 'other0', () => ({})],
    ])('is deleted whatever its name is: %s', (_what, name, previous) => {
      add(host, bridge, other);
      const before = host.snapshot('c2');
      const result = add(host, bridge, { conf });
      host.sh(
        `ip link set ${names[0]} down && ip link set ${names[0]} name ${name} && ip link set ${name} up; ${command}`,
      );
      const prevResult = previous(result);
      const told = 'interfaces' in prevResult ? { ...conf, prevResult } : conf;
      del(host, bridge, { conf: told, netns });
      expect(host.snapshot('c2')).toBe(before);
      del(host, bridge, { conf: told, netns });
      expect(host.snapshot('c2')).toBe(before);
    });
  });

  test('is not looked for among all links of the host', () => {
    /** How often the kernel is asked for all that it has of something. */
    const dumps = (netns: string, request: unknown): number => {
      const variables = `CNI_COMMAND=DEL CNI_CONTAINERID=c1 CNI_NETNS=${netns} CNI_IFNAME=eth0 CNI_PATH=/`;
      const strace = `exec env -i ${variables} strace -f -e trace=sendto -o /run/trace`;
      const input = JSON.stringify(request);
      expect(host.run(['sh', '-c', `${strace} ${bridge}`], { input })).toMatchObject({
        status: 0,
        stdout: '',
      });
      expect(veths()).toHaveLength(1);
      return Number(host.sh(`grep -cE 'NLM_F_REQUEST\\|(NLM_F_DUMP|0x300)' /run/trace || true`));
    };
    add(host, bridge, other);
    add(host, bridge, { conf });
    expect(dumps('/run/netns/c1', conf)).toBe(0);
    add(host, bridge, { conf });
    expect(dumps(gone, conf)).toBe(0);
    host.sh('ip netns del c1');
    host.addContainers('c1');
    const prevResult = add(host, bridge, { conf });
    host.sh('ip -n c1 link del eth0');
    expect(dumps(gone, { ...conf, prevResult })).toBe(0);
    // With nothing to go by there is no other way.
    add(host, bridge, { conf });
    host.sh('ip -n c1 link del eth0');
    expect(dumps(gone, conf)).toBe(1);
  });
});
