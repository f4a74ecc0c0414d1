import { add, del, executables } from '../support/cni.ts';
import { networkConf, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('restore, by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const conf = networkConf('lab0', '10.15.20.0/24', { macspoofchk: true });
  const second = { containerID: 'c2', netns: '/run/netns/c2' };
  const silent = { status: 0, stdout: '', stderr: '' };

  test('gives back what a flush took, to the last rule, and is silent where nothing is to do', () => {
    expect(run(host, bridge, 'restore')).toEqual(silent);
    writeConf(host, conf);
    expect(run(host, bridge, 'restore')).toEqual(silent);
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    const before = host.snapshot('c1', 'c2');
    expect(run(host, bridge, 'restore')).toEqual(silent);
    host.sh('nft flush ruleset; ip addr del 10.15.20.1/24 dev lab0');
    expect(run(host, bridge, 'restore').stdout.trim().split('\n')).toEqual([
      'check the source addresses of container c1 eth0 again',
      'check the source addresses of container c2 eth0 again',
      'give lab0 the gateway 10.15.20.1/24',
      'masquerade 10.15.20.2 of container c1 eth0 again',
      'masquerade 10.15.20.3 of container c2 eth0 again',
    ]);
    expect(host.snapshot('c1', 'c2')).toBe(before);
    expect(run(host, bridge, 'restore')).toEqual(silent);
    del(host, bridge, { conf });
    del(host, bridge, { conf, ...second });
    expect(host.sh('nft list ruleset')).toBe('');
  });

  test('neither removes what leaked nor sets a bridge up', () => {
    writeConf(host, conf);
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    host.sh(`ip netns del c2; while [ $(ip -o link show master lab0 | wc -l) = 2 ]; do sleep 0.01; done
      ip link set lab0 down`);
    const before = host.snapshot('c1');
    expect(run(host, bridge, 'restore')).toEqual(silent);
    expect(host.snapshot('c1')).toBe(before);
  });
});
