import { dirname } from 'node:path';
import { add, del, executables, reference } from '../support/cni.ts';
import { examine, networkConf, writeConf } from '../support/doctor.ts';
import { useLegacyIptables } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const ranges = [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]];
const conf = networkConf('lab0', '', { ipMasqBackend: 'iptables', ipam: { type: 'host-local', ranges } });
const second = { containerID: 'c2', netns: '/run/netns/c2' };

describe.each(executables)(
  'what iptables masquerades of a container that is gone, by %s',
  (_name, bridge) => {
    const host = useHost('c1', 'c2');
    const well = { status: 0, findings: [] };
    const rules = () => host.sh('iptables-save; ip6tables-save').replaceAll(/^#.*$|\[\d+:\d+\]/gm, '');
    const wrong = () =>
      examine(host, bridge).findings.filter(({ what }) => !what.includes('plugin of the name'));
    /** c1, its veth and its leases are gone as after a crash and somebody's cleaning. */
    const lose = () =>
      host.sh(`ip netns del c1; while ip -o link show type veth | grep -q 'cni lab0 c1'; do sleep 0.01; done
      grep -l '^c1' /var/lib/cni/networks/lab0/* | xargs rm`);

    test.each(['iptables-nft', 'iptables-legacy'])('%s: it is found, and --fix takes it away', (by) => {
      if (by === 'iptables-legacy') useLegacyIptables(host);
      writeConf(host, conf);
      add(host, bridge, { conf, ...second });
      const before = rules();
      add(host, bridge, { conf });
      expect(examine(host, bridge)).toMatchObject(well);
      lose();
      const { findings } = examine(host, bridge);
      expect(findings).toMatchObject([
        {
          what: '1 container of lab0 gone, but still masqueraded by iptables',
          where: [
            expect.stringMatching(
              new RegExp(`^10\\.15\\.20\\.3 by ${by}, chain CNI-[0-9a-f]{24} of container c1$`),
            ),
            expect.stringMatching(/^fd00:15:20::3 by /),
          ],
          isFixable: true,
        },
      ]);
      expect(examine(host, bridge, '--fix')).toMatchObject({
        ...well,
        done: ['remove masquerading of 10.15.20.3, masquerading of fd00:15:20::3 of container c1'],
      });
      expect(rules()).toBe(before);
      del(host, bridge, { conf, ...second });
      expect(examine(host, bridge)).toMatchObject(well);
    });

    test("what may be the Go plugin's is told, and left but for the commands that are told", () => {
      const env = { CNI_PATH: dirname(reference) };
      writeConf(host, conf);
      add(host, reference, { conf, env, ...second });
      const before = rules();
      add(host, reference, { conf, env });
      expect(wrong()).toEqual([]);
      host.sh(
        'ip netns del c1; ip netns del c2; until [ -z "$(ip -o link show type veth)" ]; do sleep 0.01; done',
      );
      host.sh('rm /var/lib/cni/networks/lab0/[1f]*');
      const all = rules();
      const [found, ...more] = wrong();
      expect(more).toEqual([]);
      expect(found).toMatchObject({
        what: '2 containers of lab0 gone, but still masqueraded by iptables, perhaps by the Go plugin',
        isFixable: false,
      });
      examine(host, bridge, '--fix');
      expect(rules()).toBe(all);
      host.sh(found?.mend ?? 'false');
      expect(wrong()).toMatchObject([{ what: expect.stringMatching(/^1 container of lab0 gone/) }]);
      host.sh(wrong()[0]?.mend ?? 'false');
      expect(wrong()).toEqual([]);
      expect(rules()).toBe(before.replaceAll(/^.*CNI-.*\n/gm, ''));
    });

    test("chains of a network that is no bridge's, and of a container whose address somebody has, are not judged", () => {
      add(host, bridge, { conf });
      const all = rules();
      lose();
      expect(examine(host, bridge)).toMatchObject(well);
      writeConf(host, conf);
      host.sh(`ip netns add z; ip link add far0 type veth peer name eth0 netns z
      ip -n z addr add 10.15.20.2/24 dev eth0`);
      expect(examine(host, bridge, '--fix')).toMatchObject(well);
      expect(rules()).toBe(all);
    });
  },
);
