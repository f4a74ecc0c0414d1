import { asNobody, attach, configure, network, places, runCli } from '../support/cli.ts';
import { executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const lab = network('lab', '10.15.0.0/16');
const layer2 = { cniVersion: '1.0.0', name: 'layer2', type: 'bridge', bridge: 'l2' };

/** The value of a field, by its name. */
function field(page: string, name: string): string | undefined {
  return new RegExp(`^ *${name}  +(.*)$`, 'm').exec(page)?.[1];
}

describe.each(executables)('cni-bridge show beside %s', (_path, executable) => {
  const host = useHost('c1', 'c2', 'c3');
  const show = (...words: string[]) => runCli(host, executable, ['show', ...words, ...places]);
  const linkIn = (netns: string) =>
    host.json<{ address: string; ifindex: number }[]>(`ip -n ${netns} -j link show eth0`)[0];
  const port = (bridge: string) =>
    host.json<{ ifname: string; address: string }[]>(`ip -j link show master ${bridge}`)[0];

  beforeEach(() => {
    configure(host, lab, layer2);
    attach(host, executable, lab, { containerID: 'abc1', netns: 'c1', pod: 'default/web-0' });
    attach(host, executable, lab, { containerID: 'abc2', netns: 'c2', pod: 'kube-system/web-0' });
    attach(host, executable, layer2, { containerID: 'four', netns: 'c3' });
  });

  test('one page has both ends of the veth, routes, processes, lease and masquerading', () => {
    host.sh(`ip netns exec c1 sleep 60 >/dev/null 2>&1 &
      until ip netns pids c1 | grep -q .; do sleep 0.05; done
      ip netns exec c1 ping -qc1 10.15.0.1`);
    const { status, stdout, stderr } = show('abc1');
    host.sh('kill $(ip netns pids c1)');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(field(stdout, 'container')).toBe('abc1');
    expect(field(stdout, 'pod')).toBe('default/web-0');
    expect(field(stdout, 'state')).toBe('ok');
    expect(field(stdout, 'namespace')).toBe('/run/netns/c1');
    expect(field(stdout, 'interface')).toBe(`eth0, index ${linkIn('c1')?.ifindex}`);
    expect(stdout).toContain(linkIn('c1')?.address);
    expect(field(stdout, 'routes')).toBe('default via 10.15.0.1');
    expect(field(stdout, 'processes')).toMatch(/^\d+ sleep$/);
    expect(field(stdout, 'lease')).toMatch(/^\/var\/lib\/cni\/networks\/lab\/10\.15\.0\.2, 20.* UTC/);
    expect(field(stdout, 'masquerade')).toBe('10.15.0.2 in cni-bridge-lab, chain masquerade-10.15.0.0/16');
    expect(field(stdout, 'sent')).toMatch(/^\d+ packets, [\d,]+ bytes from the container$/);
  });

  test.each<[string, () => string]>([
    ['the beginning of an ID', () => 'fo'],
    ['a MAC address of the container’s own end', () => linkIn('c3')?.address ?? ''],
    ['a MAC address of the host’s end', () => port('l2')?.address ?? ''],
    ['a host veth', () => port('l2')?.ifname ?? ''],
  ])('%s finds it', (_what, word) => {
    // A bridge knows an address once it has seen a frame.
    host.sh('ip netns exec c3 ping -qc1 -W1 fe80::1%eth0 || true');
    const { status, stdout } = show(word());
    expect({ status, container: field(stdout, 'container') }).toEqual({ status: 0, container: 'four' });
  });

  test.each(['10.15.0.3', 'kube-system/web-0', 'abc2'])('%s finds it', (word) => {
    expect(field(show(word).stdout, 'container')).toBe('abc2');
  });

  test('what could be several is said to be so', () => {
    for (const word of ['abc', 'web-0']) {
      const { status, stdout, stderr } = show(word);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(`"${word}" could be\n`);
      expect(stderr).toContain('container abc1 default/web-0 eth0 10.15.0.2/16');
      expect(stderr).toContain('container abc2 kube-system/web-0 eth0 10.15.0.3/16');
    }
    expect(show('nobody')).toMatchObject({ status: 1, stdout: '', stderr: 'nothing here is "nobody"\n' });
  });

  test('a network, and its bridge', () => {
    const { stdout } = show('lab');
    expect(field(stdout, 'bridge')).toMatch(/^lab, index \d+$/);
    expect(field(stdout, 'addresses')).toBe('10.15.0.1/16');
    expect(field(stdout, 'masquerades')).toBe('yes, nftables table cni-bridge-lab');
    expect(field(stdout, 'attachments')).toBe('2');
    expect(field(show('l2').stdout, 'network')).toBe('layer2');
  });

  test('a namespace without a name is found by its process', () => {
    // Its process keeps the namespace when the name is gone.
    host.sh(`ip netns exec c1 sleep 60 >/dev/null 2>&1 &
      until ip netns pids c1 | grep -q .; do sleep 0.05; done
      umount /run/netns/c1 && rm /run/netns/c1`);
    const { stdout } = show('abc1');
    const pid = /^\/proc\/(\d+)\/ns\/net$/.exec(field(stdout, 'namespace') ?? '')?.[1];
    expect(field(stdout, 'processes')).toBe(`${pid} sleep`);
    expect(field(stdout, 'routes')).toBe('default via 10.15.0.1');
    host.sh(`kill ${pid}`);
  });

  test('others’ links are left to others', () => {
    host.sh('ip link add virbr0 type bridge');
    expect(show('virbr0').stdout).toBe("bridge virbr0, which is others': cni-bridge never touches it\n");
  });

  test('without root it shows the host’s side and says what is missing', () => {
    const { status, stdout } = runCli(host, executable, ['show', 'abc1', ...places], asNobody);
    expect(status).toBe(0);
    expect(field(stdout, 'veth')).toContain('a port of lab');
    expect(field(stdout, 'not seen')).toBe('needs root (CAP_SYS_ADMIN)');
  });

  test('JSON has all of it', () => {
    const [match] = JSON.parse(show('abc1', '--json').stdout);
    expect(match).toMatchObject({
      kind: 'attachment',
      attachment: { containerID: 'abc1', pod: 'default/web-0' },
      details: { namespace: '/run/netns/c1', inside: { link: { name: 'eth0', mac: linkIn('c1')?.address } } },
    });
  });
});
