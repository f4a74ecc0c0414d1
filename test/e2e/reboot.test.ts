import { article } from '../support/article.ts';
import { add, call, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const directory = `/var/lib/cni/networks/${article.name}`;

describe.each(executables)('%s on a host that was rebooted without a DEL', (_name, bridge) => {
  const host = useHost('c1');

  /** Another boot: another boot ID of the kernel, and none of the links and namespaces that there were. */
  function boot(id: string): void {
    host.sh(`ip link del ${article.bridge} 2>/dev/null || true
      ip netns del c1 && ip netns add c1
      echo ${id}-0000-4000-8000-000000000000 >/run/boot_id
      umount /proc/sys/kernel/random/boot_id 2>/dev/null || true
      mount --bind /run/boot_id /proc/sys/kernel/random/boot_id`);
  }

  test('a container that is started again has its address again; another may ask for one by name', () => {
    boot('11111111');
    for (const containerID of ['before', 'old', 'after']) {
      host.sh('ip netns del c1; ip netns add c1');
      add(host, bridge, { conf: article, containerID });
    }
    boot('22222222');
    const { status, stdout, stderr } = call(host, bridge, 'ADD', { conf: article, containerID: 'old' });
    expect([status, stderr]).toEqual([
      0,
      `reclaimed ${directory}/10.15.20.3 of container old interface eth0: it was held during an earlier boot\n`,
    ]);
    expect(JSON.parse(stdout).ips[0].address).toBe('10.15.20.3/24');
    expect(host.sh('ip -n c1 -4 -o addr show eth0')).toContain('10.15.20.3/24');
    host.sh('ping -c 1 -W 5 10.15.20.3');
    // Within one boot a second ADD is refused, in another namespace too, and says what is missing.
    host.sh('ip netns del c1; ip netns add c1');
    expect(failure(host, bridge, 'ADD', { conf: article, containerID: 'old' })).toMatchObject({
      code: 999,
      details: `${directory}/10.15.20.3 is the lease of an earlier ADD of eth0 without a DEL: call DEL first`,
    });
    boot('33333333');
    const byName = add(host, bridge, {
      conf: article,
      containerID: 'new',
      env: { CNI_ARGS: 'IP=10.15.20.4' },
    });
    expect(byName.ips[0]?.address).toBe('10.15.20.4/24');
    expect(host.sh(`cat ${directory}/10.15.20.4`)).toBe('new\r\neth0');
    expect(host.sh(`ls ${directory}`)).toMatch(/10.15.20.2\n10.15.20.3\n10.15.20.4\n/);
  });

  test('reclaimAfterReboot: false refuses both', () => {
    const conf = { ...article, ipam: { ...article.ipam, reclaimAfterReboot: false } };
    boot('11111111');
    add(host, bridge, { conf });
    boot('22222222');
    expect(failure(host, bridge, 'ADD', { conf })).toMatchObject({
      code: 999,
      msg: '10.15.20.2 has been allocated to c1, duplicate allocation is not allowed',
      details: `${directory}/10.15.20.2 is the lease of an earlier ADD of eth0 without a DEL: call DEL first`,
    });
    const other = { conf, containerID: 'c2', env: { CNI_ARGS: 'IP=10.15.20.2' } };
    expect(failure(host, bridge, 'ADD', other)).toMatchObject({ code: 11 });
  });
});
