import { add, executables } from '../support/cni.ts';
import { examine, networkConf, orphan, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

/** The name of c1's host veth. */
const veth = '$(ip -o link show type veth | sed -n "s/^[0-9]*: //; s/@.*alias cni lab0 c1 .*//p")';

describe.each(executables)('settings that somebody has changed, by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const well = { status: 0, findings: [] };
  /** c1's port, and the forwarding entries that nobody learnt. */
  const port = (): string =>
    host.sh(`ip -d link show ${veth} | sed 's/forward_delay_timer *[0-9.]*//'
      bridge fdb show br lab0 | grep -E 'static|permanent' | sort`);

  test.each([
    [{ learning: false }, 'learning on', 'learning is true, not false'],
    [{ proxyArp: true }, 'proxy_arp off', 'proxyArp is false, not true'],
    [{ neighSuppress: true }, 'neigh_suppress off', 'neighSuppress is false, not true'],
    [{ groupFwdMask: 0x4001 }, 'group_fwd_mask 8', 'groupFwdMask is 8, not 16385'],
    [{ hairpinMode: true }, 'hairpin off', 'hairpinMode is false, not true'],
    [{ portIsolation: true }, 'isolated off', 'portIsolation is false, not true'],
  ])('%j of a port', (options, change, words) => {
    const conf = networkConf('lab0', '10.15.20.0/24', options);
    writeConf(host, conf);
    add(host, bridge, { conf });
    const before = port();
    expect(examine(host, bridge)).toMatchObject(well);
    host.sh(`ip link set ${veth} type bridge_slave ${change}`);
    const { status, findings } = examine(host, bridge);
    expect([status, findings]).toMatchObject([
      1,
      [{ what: '1 container of lab0 whose port is not as configured', isFixable: true }],
    ]);
    expect(findings[0]?.where.join('\n')).toContain(`: ${words}`);
    expect(examine(host, bridge, '--fix')).toMatchObject({
      ...well,
      done: [expect.stringMatching(/^give port veth[0-9a-f]+ the settings of lab0$/)],
    });
    expect(port()).toBe(before);
  });

  test('a port that was taken out of the bridge and put back has lost all of them', () => {
    const conf = networkConf('lab0', '10.15.20.0/24', { learning: false, portIsolation: true });
    writeConf(host, conf);
    add(host, bridge, { conf });
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    const before = port();
    host.sh(`ip link set ${veth} nomaster`);
    const { findings } = examine(host, bridge);
    expect(findings.map(({ what }) => what)).toEqual(['1 container of lab0 not on bridge lab0']);
    host.sh(findings[0]?.mend ?? 'false');
    const [found] = examine(host, bridge).findings;
    expect(found?.where).toEqual([
      expect.stringMatching(
        /^container c1 eth0, veth veth[0-9a-f]+: portIsolation is false, not true, learning is true, not false/,
      ),
    ]);
    expect(examine(host, bridge, '--fix')).toMatchObject(well);
    expect(port()).toBe(before);
  });

  test('the forwarding entry of a port that learns nothing', () => {
    const conf = networkConf('lab0', '10.15.20.0/24', { learning: false });
    writeConf(host, conf);
    const [, , container] = add(host, bridge, { conf }).interfaces;
    const before = port();
    host.sh(`bridge fdb del ${container?.mac} dev ${veth} master`);
    const [found] = examine(host, bridge).findings;
    expect(found?.where).toEqual([
      expect.stringMatching(new RegExp(`^container c1 eth0, .*: no forwarding entry of ${container?.mac}$`)),
    ]);
    expect(examine(host, bridge, '--fix')).toMatchObject(well);
    expect(port()).toBe(before);
  });

  test('a port of a container that is dead, and one without our label, are not judged', () => {
    const conf = networkConf('lab0', '10.15.20.0/24', { hairpinMode: true });
    writeConf(host, conf);
    add(host, bridge, { conf });
    host.sh(`ip link set ${veth} type bridge_slave hairpin off; ip link set ${veth} alias mine`);
    expect(examine(host, bridge).findings.map(({ what }) => what)).not.toContain(
      '1 container of lab0 whose port is not as configured',
    );
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    host.sh(
      'ip link set $(ip -o link show type veth | grep "cni lab0 c2" | sed "s/^[0-9]*: //; s/@.*//") type bridge_slave hairpin off',
    );
    orphan(host, 'c2');
    expect(examine(host, bridge).findings.map(({ what }) => what)).toEqual(
      expect.not.arrayContaining(['1 container of lab0 whose port is not as configured']),
    );
  });

  test.each([
    [{ promiscMode: true }, 'ip link set lab0 promisc off', /^bridge lab0 is not promiscuous$/],
    [
      { stp: true, forwardDelay: 2 },
      'ip link set lab0 type bridge forward_delay 400',
      /^forwardDelay of bridge lab0 is 4 s, not 2 s$/,
    ],
    [
      { stp: true, forwardDelay: 2 },
      'ip link set lab0 type bridge stp_state 0',
      /^stp of bridge lab0 is off, not on$/,
    ],
  ])('%j of a bridge, after `%s`: told with the command that mends it', (options, harm, words) => {
    const conf = networkConf('lab0', '10.15.20.0/24', options);
    writeConf(host, conf);
    add(host, bridge, { conf });
    expect(examine(host, bridge)).toMatchObject(well);
    host.sh(harm);
    const { findings } = examine(host, bridge, '--fix');
    expect(findings).toMatchObject([{ what: expect.stringMatching(words), isFixable: false }]);
    host.sh(findings[0]?.mend ?? 'false');
    expect(examine(host, bridge)).toMatchObject(well);
  });
});
