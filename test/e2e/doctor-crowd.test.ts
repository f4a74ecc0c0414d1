import { call, executables } from '../support/cni.ts';
import { examine, networkConf, orphan, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('doctor among many, by %s', (_name, bridge) => {
  const host = useHost();

  test('200 containers on two networks, one lease, one dead container, and a flush: found, mended, and traffic flows', () => {
    host.makeNeighbour();
    host.serve('beyond');
    const confs = [
      networkConf('left0', '10.31.0.0/24'),
      networkConf('right0', '10.32.0.0/24', { macspoofchk: true }),
    ];
    for (const conf of confs) {
      writeConf(host, conf);
      host.sh(`for i in $(seq 100); do
          ip netns add ${conf.name}-$i
          CNI_COMMAND=ADD CNI_CONTAINERID=${conf.name}-$i CNI_NETNS=/run/netns/${conf.name}-$i CNI_IFNAME=eth0 CNI_PATH=/ \\
            ${bridge} </run/conf/${conf.name}.conf >/dev/null || exit 1
        done`);
    }
    expect(examine(host, bridge)).toEqual({ status: 0, done: [], findings: [], missing: [] });
    const fetch = (name: string) =>
      host.run(['ip', 'netns', 'exec', name, 'curl', '-sm3', 'http://192.0.2.2']).stdout;
    expect(fetch('right0-50')).toBe('seen from 192.0.2.1');
    // The kernel removes the veth pair later; until then it is a dead container's, not a leaked lease.
    host.sh(
      `ip netns del left0-7; while ip -o link show type veth | grep -q 'cni left0 left0-7 '; do sleep 0.01; done`,
    );
    orphan(host, 'right0-9');
    host.sh('nft flush ruleset');
    expect(fetch('right0-50')).toBe('');
    const { status, findings } = examine(host, bridge);
    expect(status).toBe(1);
    expect(findings.map(({ what, where }) => [what, where.length])).toEqual([
      ['99 containers of left0 no longer masqueraded', 99],
      ['99 containers of right0 no longer masqueraded', 99],
      ['99 containers of right0 without spoof check', 99],
      ['1 leaked lease on left0', 1],
      ['1 veth of dead containers on right0', 1],
    ]);
    const text = run(host, bridge, 'doctor').stdout;
    expect(text).toMatch(/left0-7[^\n]*which is gone/);
    expect(text).toMatch(/right0-9[^\n]*whose namespace is gone/);
    expect(run(host, bridge, 'doctor', '--fix').stdout).toMatch(
      /remove veth veth\w+, lease 10\.32\.0\.10 of container right0-9 eth0/,
    );
    expect(run(host, bridge, 'doctor')).toEqual({ status: 0, stdout: 'nothing found\n', stderr: '' });
    for (const name of ['left0-1', 'right0-50', 'right0-100'])
      expect(fetch(name)).toBe('seen from 192.0.2.1');
    expect(run(host, bridge, 'list').status).toBe(0);
    expect(
      host.sh('ls /var/lib/cni/networks/left0 /var/lib/cni/networks/right0 | grep -c "^10\\."').trim(),
    ).toBe('198');
    host.sh('kill $(cat /run/orphan.pid)');
    // A DEL finds all that it has to take away.
    expect(
      call(host, bridge, 'DEL', { conf: confs[1], containerID: 'right0-50', netns: '/run/netns/right0-50' })
        .status,
    ).toBe(0);
    expect(run(host, bridge, 'doctor').status).toBe(0);
  });
});
