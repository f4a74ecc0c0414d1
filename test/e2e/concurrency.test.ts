import { executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('many at once with %s', (_name, bridge) => {
  const host = useHost();

  test('40 ADDs and 40 DELs, 16 at a time: no address twice, and no table left', () => {
    const conf = `${process.cwd()}/test/conf/lab-br1.conf`;
    host.addContainers(...Array.from({ length: 40 }, (_, index) => `n${index + 1}`));
    host.sh(`cat >/run/call <<'END'
#!/bin/sh
exec env -i CNI_COMMAND=$1 CNI_CONTAINERID=c$2 CNI_NETNS=/run/netns/n$2 CNI_IFNAME=eth0 CNI_PATH=/ ${bridge} <${conf}
END
      chmod +x /run/call`);
    for (let round = 0; round < 3; round++) {
      host.sh('seq 40 | xargs -P 16 -I{} /run/call ADD {} >/run/results');
      const addresses = host.sh(`grep '"address"' /run/results | sort -u`).trim().split('\n');
      expect(addresses).toHaveLength(40);
      expect(host.sh('ip -o link show type veth').trim().split('\n')).toHaveLength(40);
      host.sh('seq 40 | xargs -P 16 -I{} /run/call DEL {}');
      expect(
        host.sh(
          'ip -o link show type veth; find /var/lib/cni -name "10.*" -o -name "*.10.*"; nft list ruleset',
        ),
      ).toBe('');
    }
  });
});
