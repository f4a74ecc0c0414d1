import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
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

  test('--watch gives back whatever is lost, however often, and is silent otherwise', async () => {
    writeConf(host, conf);
    const iptables = networkConf('ipt0', '10.15.30.0/24', { ipMasqBackend: 'iptables' });
    writeConf(host, iptables);
    add(host, bridge, { conf });
    add(host, bridge, { conf: iptables, ...second });
    // Tables come in the order in which they were made.
    const state = (): string[] => host.snapshot('c1', 'c2').split('\n').sort();
    const before = state();
    const words = [`${dirname(bridge)}/cni-bridge`, 'restore', '--watch', '--conf-dir', '/run/conf'];
    const watcher = spawn('nsenter', [...host.entering, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [watcher.stdout, watcher.stderr]) stream.on('data', (chunk) => (said += chunk));
    const isBack = (): boolean => isDeepStrictEqual(state(), before);
    try {
      for (const harm of [
        'nft flush ruleset',
        'iptables -t nat -F; iptables -t nat -X',
        'nft delete table bridge nat; sleep 0.1; nft flush table inet cni-bridge-lab0',
        'nft flush ruleset; ip addr del 10.15.20.1/24 dev lab0',
        'nft flush map inet cni-bridge-lab0 sources4',
      ]) {
        host.sh(harm);
        while (!isBack()) {
          expect(watcher.exitCode).toBeNull();
          // What it prints is read between.
          await new Promise(setImmediate);
        }
      }
    } finally {
      watcher.kill();
      await once(watcher, 'close');
    }
    // Looking again after what it did itself, it had nothing to say.
    const counts = { check: 3, masquerade: 5, give: 1 };
    const lines = said.trim().split('\n');
    for (const [verb, least] of Object.entries(counts))
      expect(lines.filter((line) => line.startsWith(`${verb} `)).length).toBeGreaterThanOrEqual(least);
    const all = /^(check the source addresses|masquerade 10\.15\.[23]0\.2) of container c[12] eth0 again$/;
    const others = lines.filter((line) => !all.test(line));
    expect(others).toEqual(['give lab0 the gateway 10.15.20.1/24']);
  });

  test('--watch without root says what it needs', () => {
    const words = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const outcome = host.run([...words, `${dirname(bridge)}/cni-bridge`, 'restore', '--watch']);
    expect(outcome).toEqual({
      status: 1,
      stdout: '',
      stderr: 'cni-bridge: restore --watch needs root: it hears of changed rules (CAP_NET_ADMIN)\n',
    });
  });
});
