import { executables } from '../support/cni.ts';
import { examine, networkConf, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('doctor --fix while containers come and go, by %s', (_name, bridge) => {
  const host = useHost();

  test('takes nothing from who runs, and leaves nothing of who is gone', () => {
    const conf = networkConf('busy0', '10.41.0.0/24', { macspoofchk: true });
    writeConf(host, conf);
    const cycle = (command: string) =>
      `CNI_COMMAND=${command} CNI_CONTAINERID=$1 CNI_NETNS=/run/netns/$1 CNI_IFNAME=eth0 CNI_PATH=/ ${bridge} </run/conf/busy0.conf >/dev/null || exit 1`;
    // Each is added and deleted again and again, and stays at the end.
    host.sh(`cat >/run/cycle <<'END'
for turn in 1 2 3 4 5 6; do ${cycle('ADD')}; ${cycle('DEL')}; done
${cycle('ADD')}
END
      for i in 1 2 3 4 5 6; do ip netns add n$i; done`);
    const { status, stderr } = host.run([
      'sh',
      '-c',
      `pids=
      for i in 1 2 3 4 5 6; do sh /run/cycle n$i & pids="$pids $!"; done
      for look in $(seq 30); do
        ${bridge.replace(/bridge$/, 'cni-bridge')} doctor --conf-dir /run/conf --fix >>/run/log 2>&1 || true
      done
      for pid in $pids; do wait $pid || exit 1; done`,
    ]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(examine(host, bridge)).toEqual({ status: 0, done: [], findings: [], missing: [] });
    expect(run(host, bridge, 'list').status).toBe(0);
    expect(host.sh('ls /var/lib/cni/networks/busy0 | grep -c "^10"').trim()).toBe('6');
    expect(host.sh('nft list map inet cni-bridge-busy0 sources4').match(/cni busy0 n/g)).toHaveLength(6);
  });
});
