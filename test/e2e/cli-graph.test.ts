import { attach, configure, network, places, runCli } from '../support/cli.ts';
import { executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const lab = network('lab', '10.15.0.0/16');
const other = network('other', '10.16.0.0/24', { ipMasq: false });

interface Port {
  title: string;
  link: string;
  addresses: string[];
  faults: string[];
}

describe.each(executables)('cni-bridge graph beside %s', (_path, executable) => {
  const host = useHost('c1', 'c2', 'c3');
  const graph = (...words: string[]) => runCli(host, executable, ['graph', ...places, ...words]);
  const ports = (bridge: string): string[] =>
    host.json<{ ifname: string }[]>(`ip -j link show master ${bridge}`).map(({ ifname }) => ifname);

  beforeEach(() => {
    configure(host, lab, other);
    attach(host, executable, lab, { containerID: 'one', netns: 'c1', pod: 'default/web-0' });
    attach(host, executable, lab, { containerID: 'two', netns: 'c2' });
    attach(host, executable, other, { containerID: 'three', netns: 'c3' });
    host.makeNeighbour();
    host.sh(`ip route add default via 192.0.2.2
      ip -6 route add default via 2001:db8::2
      ip link add docker0 type bridge && ip link set docker0 up
      ip link add vetha type veth peer name eth7 netns beyond && ip link set vetha master docker0`);
  });

  test('draws uplink, bridges and containers as the kernel has them', () => {
    const { status, stdout, stderr } = graph();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [one = '', two = ''] = ports('lab');
    const [three = ''] = ports('other');
    expect(stdout).toContain(`
|  +- up0 (uplink) ----------+
+--+ 192.0.2.1/24            |
|  | 2001:db8::1/64          |
|  | default via 192.0.2.2   |
|  | default via 2001:db8::2 |
`);
    expect(stdout).toContain(`
|  +- lab (bridge, masqueraded) -----+
+--+ 10.15.0.1/16                    |
|  | network lab, 2 of 65,533 leased |
`);
    expect(stdout).toContain(
      `|    +- ${one} - default/web-0  eth0  10.15.0.2/16\n|    \`- ${two} - two            eth0  10.15.0.3/16\n`,
    );
    expect(stdout).toContain(
      `     \`- ${three} - three  eth0  10.16.0.2/24\n\n   +- docker0 (bridge) -+\n   | no CNI network     |\n`,
    );
    expect(stdout).toContain('     `- vetha - veth\n');
  });

  test('a container that has set its interface down is drawn so', () => {
    const [, two] = ports('lab');
    // The kernel tells the other end a moment later.
    host.sh(`ip -n c2 link set eth0 down
      while [ "$(cat /sys/class/net/${two}/operstate)" = up ]; do sleep 0.05; done`);
    const { bridges } = JSON.parse(graph('lab', '--json').stdout);
    expect(bridges).toHaveLength(1);
    const [first, second]: Port[] = bridges[0].vlans[0].ports;
    expect([first?.faults, second?.faults]).toEqual([[], ["container's interface is down"]]);
    expect(graph('--svg').stdout).toMatch(/class="card wrong"/);
  });

  test('every format has every container, and the bytes are the same each time', () => {
    for (const format of ['--svg', '--mermaid', '--dot', '--json']) {
      const { status, stdout } = graph(format);
      expect(status).toBe(0);
      for (const text of [
        'default/web-0',
        'two',
        'three',
        '10.15.0.3/16',
        'up0',
        'docker0',
        ...ports('lab'),
      ]) {
        expect(stdout).toContain(text);
      }
      expect(graph(format).stdout).toBe(stdout);
    }
  });

  test('one network alone; one that is not there; two formats at once', () => {
    const { stdout } = graph('other');
    expect(stdout).toContain('three');
    expect(stdout).not.toMatch(/web-0|docker0/);
    expect(graph('nowhere')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'there is no network "nowhere"\n',
    });
    expect(graph('--svg', '--dot')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: "cni-bridge: graph: --svg and --dot can't both be printed\n",
    });
  });

  test('it changes nothing', () => {
    const before = host.snapshot('c1', 'c2', 'c3');
    for (const format of [[], ['--svg'], ['--json']]) graph(...format);
    expect(host.snapshot('c1', 'c2', 'c3')).toBe(before);
  });
});
