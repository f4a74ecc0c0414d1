import { resolve } from 'node:path';
import { article } from '../support/article.ts';
import { add, call, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const { name, bridge: bridgeName } = article;
const conf = {
  cniVersion: '1.1.0',
  name,
  type: 'bridge',
  bridge: bridgeName,
  isDefaultGateway: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]] },
};
const reference = resolve('dist/reference');
const env = { CNI_PATH: reference };
const other = { containerID: 'other', netns: '/run/netns/c2' };
const well = { status: 0, stdout: '' };

describe.each(executables)("%s in the place of Go's, and Go's in its", (_name, bridge) => {
  const go = `${reference}/bridge`;
  const host = useHost('c1', 'c2');

  test.each([
    ["Go's ADD, our CHECK and DEL", go, bridge],
    ["our ADD, Go's CHECK and DEL", bridge, go],
  ])('%s leave nothing', (_what, adds, deletes) => {
    // Another container keeps the bridge, and what Go makes once for all containers.
    add(host, adds, { ...other, conf, env });
    host.sh("until ip -6 route show table local | grep -q 'fd00:15:20::1 '; do sleep 0.05; done");
    const before = host.snapshot('c1', 'c2');
    const prevResult = add(host, adds, { conf, env });
    const request = { conf: { ...conf, prevResult }, env };
    expect(call(host, deletes, 'CHECK', request)).toMatchObject(well);
    del(host, deletes, request);
    expect(host.snapshot('c1', 'c2')).toBe(before);
    // The address is free for either.
    expect(add(host, deletes, { conf, env }).ips[0]?.address).toBe('10.15.20.4/24');
    del(host, adds, { conf, env });
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test("what Go's DEL leaves of our masquerading ends with the address's next lease, or by GC", () => {
    const masked = { ...conf, ipMasq: true };
    const one = { ...masked, ipam: { type: 'host-local', subnet: '10.15.20.0/24', rangeEnd: '10.15.20.3' } };
    add(host, bridge, { ...other, conf: one, env });
    const before = host.snapshot('c1', 'c2');
    add(host, bridge, { conf: one, env });
    del(host, go, { conf: one, env });
    expect(host.sh('nft list ruleset')).toContain('10.15.20.3 comment "cni lab-br1 c1 eth0"');
    add(host, bridge, { conf: one, containerID: 'c3', env });
    expect(host.sh('nft list ruleset')).not.toContain('c1 eth0');
    del(host, go, { conf: one, containerID: 'c3', env });
    const attachments = [{ containerID: 'other', ifname: 'eth0' }];
    expect(
      call(host, bridge, 'GC', { conf: { ...one, 'cni.dev/valid-attachments': attachments } }),
    ).toMatchObject(well);
    // Go's DEL looks for its own entries by running iptables, which creates this table.
    host.sh('nft delete table ip nat');
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('500 ADDs, half of them each, 8 at a time: no address twice', () => {
    const wide = { ...conf, ipam: { type: 'host-local', subnet: '10.15.0.0/16' } };
    host.run(['sh', '-c', 'cat >/run/conf'], { input: JSON.stringify(wide) });
    host.sh(`cat >/run/add <<'END'
#!/bin/sh
[ $(($1 % 2)) = 0 ] && plugin=${go} || plugin=${bridge}
exec env -i CNI_COMMAND=ADD CNI_CONTAINERID=c$1 CNI_NETNS=/run/netns/c$(($1 / 2 % 2 + 1)) CNI_IFNAME=eth$1 CNI_PATH=${reference} $plugin </run/conf >/run/results/$1
END
      chmod +x /run/add; mkdir /run/results
      seq 500 | xargs -P 8 -n 1 /run/add`);
    const addresses = host.sh(`grep -h '"address"' /run/results/* | sort -u`).trim().split('\n');
    expect(addresses).toHaveLength(500);
    expect(host.sh('ls /var/lib/cni/networks/lab-br1 | grep -c "^10"').trim()).toBe('500');
    expect(host.sh('ip -o link show type veth').trim().split('\n')).toHaveLength(500);
    for (const netns of ['c1', 'c2']) {
      expect(host.sh(`ip -n ${netns} -o -4 addr show scope global`).trim().split('\n')).toHaveLength(250);
    }
  }, 300_000);

  describe("our host-local as the delegate of Go's", () => {
    const delegate = { CNI_PATH: '/run/path' };
    beforeEach(() => void host.sh(`mkdir /run/path && ln -s ${bridge} /run/path/host-local`));

    test.each([
      ['bridge', {}],
      ['ptp', { ipMasq: false }],
      ['macvlan', { master: 'up0', mode: 'bridge' }],
    ])('%s: ADD, CHECK, STATUS, DEL in each version', (type, more) => {
      host.makeNeighbour();
      const plugin = `${reference}/${type}`;
      for (const [index, cniVersion] of ['0.3.1', '0.4.0', '1.0.0', '1.1.0'].entries()) {
        const ours = { ...conf, ...more, type, cniVersion };
        const prevResult = add(host, plugin, { conf: ours, env: delegate });
        expect(prevResult.ips.map(({ address, gateway }) => [address, gateway])).toEqual([
          [`10.15.20.${index + 2}/24`, '10.15.20.1'],
          [`fd00:15:20::${index + 2}/64`, 'fd00:15:20::1'],
        ]);
        expect(host.sh('ip -n c1 -o addr show eth0')).toContain(`10.15.20.${index + 2}/`);
        const request = { conf: { ...ours, prevResult }, env: delegate };
        if (cniVersion !== '0.3.1') expect(call(host, plugin, 'CHECK', request)).toMatchObject(well);
        if (cniVersion === '1.1.0') expect(call(host, plugin, 'STATUS', request)).toMatchObject(well);
        del(host, plugin, request);
        expect(host.sh('find /var/lib/cni -name "10.*" -o -name "fd00*"')).toBe('');
      }
    });
  });
});
