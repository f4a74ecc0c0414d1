import { articleText as conf } from '../support/article.ts';
import { executables } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const request = 'CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';

/** Root with these capabilities and no other. */
const rootWith = (capabilities: string) =>
  `setpriv --bounding-set=-all${capabilities} --inh-caps=-all --ambient-caps=-all`;
/** The user nobody with these. */
const nobodyWith = (capabilities: string) =>
  `setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all${capabilities} --ambient-caps=-all${capabilities} --bounding-set=-all${capabilities}`;

// Within a user namespace of one's own root is the only user.
const users: [string, (capabilities: string) => string][] = [
  ['root', rootWith],
  ...(process.getuid?.() === 0 ? [['nobody', nobodyWith] satisfies [string, typeof nobodyWith]] : []),
];

describe.each(executables)('the privilege of %s', (_name, bridge) => {
  const host = useHost('c1');
  beforeEach(() => {
    host.sh(`mkdir -p /run/leases && chmod 777 /run/leases
      ln -s ${bridge} /run/bridge`);
  });

  function call(command: string, as: string, dataDir = '/run/leases'): Outcome {
    const json = JSON.parse(conf);
    const input = JSON.stringify({ ...json, ipam: { ...json.ipam, dataDir } });
    return host.run(['sh', '-c', `exec env -i ${request} CNI_COMMAND=${command} ${as} ${bridge}`], { input });
  }

  describe.each(users)('as %s', (_user, having) => {
    test('CAP_NET_ADMIN, CAP_SYS_ADMIN and write access to dataDir are enough', () => {
      const as = having(',+net_admin,+sys_admin');
      const before = host.snapshot('c1');
      const added = call('ADD', as);
      expect([added.status, added.stderr]).toEqual([0, '']);
      expect(host.sh('ip -n c1 -o -4 addr show eth0')).toContain('10.15.20.2/24');
      expect(call('DEL', as)).toMatchObject({ status: 0, stdout: '' });
      expect(host.sh('ip -o link show type veth; nft list ruleset; find /run/leases -name "10.*"')).toBe('');
      host.sh('ip link del lab-br1; echo 0 >/proc/sys/net/ipv4/ip_forward');
      expect(host.snapshot('c1')).toBe(before);
    });

    test.each([
      [',+sys_admin', 'CAP_NET_ADMIN'],
      [',+net_admin', 'CAP_SYS_ADMIN'],
    ])('with %s alone, ADD and DEL name %s', (capabilities, missing) => {
      const before = host.snapshot('c1');
      const { status, stdout } = call('ADD', having(capabilities));
      expect(status).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ details: expect.stringContaining(`${missing} is needed`) });
      expect(host.snapshot('c1')).toBe(before);
      expect(call('ADD', having(',+net_admin,+sys_admin')).status).toBe(0);
      const deleted = call('DEL', having(capabilities));
      expect(deleted.status).toBe(1);
      expect(deleted.stdout).toContain(`${missing} is needed`);
      expect(call('DEL', having(',+net_admin,+sys_admin')).status).toBe(0);
    });

    test('without write access to dataDir, an ADD names it', () => {
      host.sh('mkdir /run/closed && mount -t tmpfs -o ro none /run/closed');
      const before = host.snapshot('c1');
      const { status, stdout } = call('ADD', having(',+net_admin,+sys_admin'), '/run/closed');
      expect(status).toBe(1);
      expect(stdout).toContain('/run/closed');
      expect(host.snapshot('c1')).toBe(before);
    });
  });
});
