import { readFileSync } from 'node:fs';
import { executables } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const pod = '0310ac0a-08f8-4d84-8b65-1669bb9c5f19';
const otherPod = '7c1b6f6e-3d0b-4f0e-9d5e-0d8f3f2f6a11';
const directory = '/etc/rkt/net.d';

/** What rkt 1.x reads from a result: it is parsed as 0.2.0, whatever its `cniVersion`. */
interface RktResult {
  readonly ip4?: { readonly ip: string; readonly gateway?: string };
  readonly dns?: object;
}

/** The network as `rkt list --full` shows it; without `ip4` it shows no address. */
function listed(network: string, stdout: string): string {
  const { ip4 }: RktResult = JSON.parse(stdout);
  return `${network}:ip4=${ip4?.ip.split('/')[0] ?? ''}`;
}

describe.each(executables)('rkt 1.x calls %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  beforeEach(() => {
    // The executable is where rkt looks first, beside the article's file.
    host.sh(`mkdir /run/etc && { cp -a /etc/. /run/etc 2>/dev/null || true; } && mount --bind /run/etc /etc
      mkdir -p ${directory} && cp ${process.cwd()}/test/conf/lab-rkt-br.conf ${directory}
      touch ${directory}/bridge && mount --bind ${bridge} ${directory}/bridge`);
  });

  /** Calls the plugin with rkt's environment, and the file's bytes. */
  function rkt(command: string, containerID: string, netns: string): Outcome {
    const variables = {
      CNI_VERSION: '0.1.0',
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerID,
      CNI_NETNS: netns,
      CNI_ARGS: '',
      CNI_IFNAME: 'eth0',
      CNI_PATH: `${directory}:/usr/lib/rkt/plugins/net:/var/lib/rkt/stage1/usr/lib/rkt/plugins/net`,
    };
    const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    return host.run(['env', '-i', ...pairs, `${directory}/bridge`], {
      input: readFileSync('test/conf/lab-rkt-br.conf'),
    });
  }

  test('and reads the address of the pod, as the article shows', () => {
    const { status, stdout, stderr } = rkt('ADD', pod, '/run/netns/c1');
    expect(status).toBe(0);
    expect(listed('lab-rkt-br', stdout)).toBe('lab-rkt-br:ip4=10.15.20.2');
    expect(JSON.parse(stdout)).toEqual({
      cniVersion: '0.1.0',
      ip4: { ip: '10.15.20.2/16', gateway: '10.15.20.1', routes: [{ dst: '0.0.0.0/0' }] },
      dns: {},
    });
    expect(stderr).toContain('10.15.20.0/16 has host bits set');
    expect(host.sh('ip -o -4 addr show lab-rkt-br')).toContain('inet 10.15.20.1/16');
    expect(host.sh('ip -n c1 -o -4 addr show eth0')).toContain('inet 10.15.20.2/16');
    expect(host.sh('ip -n c1 route show default').trim()).toBe('default via 10.15.20.1 dev eth0');
    expect(host.sh('cat /var/lib/cni/networks/lab-rkt-br/10.15.20.2')).toBe(`${pod}\r\neth0`);
  });

  test('for a second pod, and to take both away', () => {
    rkt('ADD', pod, '/run/netns/c1');
    const before = host.snapshot('c1', 'c2');
    expect(listed('lab-rkt-br', rkt('ADD', otherPod, '/run/netns/c2').stdout)).toBe(
      'lab-rkt-br:ip4=10.15.20.3',
    );
    host.sh('ip netns exec c2 ping -c 1 -W 5 10.15.20.2');
    expect(rkt('DEL', otherPod, '/run/netns/c2')).toMatchObject({ status: 0, stdout: '' });
    expect(host.snapshot('c1', 'c2')).toBe(before);
    expect(rkt('DEL', pod, '/run/netns/c1')).toMatchObject({ status: 0, stdout: '' });
    expect(host.sh('nft list ruleset; ip -o link show type veth; find /var/lib/cni -name "10.*"')).toBe('');
  });

  test('and reads an error with a code', () => {
    const { status, stdout } = rkt('ADD', pod, '/run/netns/gone');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 8, msg: expect.stringContaining('/run/netns/gone') });
  });
});
