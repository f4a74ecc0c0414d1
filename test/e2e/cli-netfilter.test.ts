import { dirname } from 'node:path';
import { attach, configure, network, places, runCli } from '../support/cli.ts';
import { add, del, executables, reference } from '../support/cni.ts';
import { useLegacyIptables } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const conf = network('lab', '10.15.0.0/24', { ipMasqBackend: 'iptables', macspoofchk: true });

describe.each(executables)('what netfilter does, as cni-bridge beside %s sees it', (_path, executable) => {
  const host = useHost('c1', 'c2');
  const run = (...words: string[]) => runCli(host, executable, [...words, ...places]);
  const attachBoth = (): void => {
    configure(host, conf);
    attach(host, executable, conf, { containerID: 'one', netns: 'c1' });
    attach(host, executable, conf, { containerID: 'two', netns: 'c2' });
  };
  /** The last cell of each container's row. */
  const states = (): (string | undefined)[] =>
    run('list')
      .stdout.trim()
      .split('\n')
      .slice(2)
      .map((line) => line.split(/ {2,}/).at(-1));

  describe.each([
    ['iptables-nft', 'iptables'],
    ['iptables-legacy', 'legacy iptables'],
  ])('masquerading by %s', (by, words) => {
    beforeEach(() => {
      if (by === 'iptables-legacy') useLegacyIptables(host);
      attachBoth();
    });

    test('is shown', () => {
      expect(states()).toEqual(['ok', 'ok']);
      expect(run('list').stdout).toContain('masqueraded, MACs checked, 2 of 253 leased');
      const page = run('show', 'one').stdout;
      expect(page).toMatch(
        new RegExp(`^ {2}masquerade +10\\.15\\.0\\.2 by ${words}, chain CNI-[0-9a-f]{24}$`, 'm'),
      );
      expect(page).toMatch(/^ {2}spoof check +table bridge nat, chain cni-br-iface-one-eth0$/m);
      const whole = run('show', 'lab').stdout;
      expect(whole).toMatch(new RegExp(`^masquerades +yes, ${by}$`, 'm'));
      expect(whole).toMatch(/^MACs checked +yes$/m);
      const [{ attachments }] = JSON.parse(run('list', '--json').stdout).networks;
      expect(attachments).toMatchObject([
        { sources: [{ address: '10.15.0.2', by }], spoofCheck: 'cni-br-iface-one-eth0' },
        { sources: [{ address: '10.15.0.3', by }], spoofCheck: 'cni-br-iface-two-eth0' },
      ]);
      expect(run('doctor', '--json').stdout).toContain('"findings": []');
    });

    test('is found missing, and given back to the last rule', () => {
      const before = host.snapshot('c1', 'c2');
      const program = by === 'iptables-legacy' ? 'iptables-legacy' : 'iptables';
      const chain = host.sh(`${program} -t nat -S POSTROUTING | sed -n 's/.* 10.15.0.3.* -j //p'`).trim();
      host.sh(`${program} -t nat -F POSTROUTING && ${program} -t nat -F ${chain}`);
      expect(states()).toEqual(['10.15.0.2 is not masqueraded', '10.15.0.3 is not masqueraded']);
      const { findings } = JSON.parse(run('doctor', '--json').stdout);
      expect(findings).toMatchObject([
        {
          what: '2 containers of lab no longer masqueraded',
          where: [
            'container one eth0: masquerading of 10.15.0.2',
            'container two eth0: masquerading of 10.15.0.3',
          ],
        },
      ]);
      expect(run('restore')).toMatchObject({ status: 0, stderr: '' });
      expect(states()).toEqual(['ok', 'ok']);
      expect(host.snapshot('c1', 'c2')).toBe(before);
    });

    test('that lost its chain’s rules alone is found missing, too', () => {
      const program = by === 'iptables-legacy' ? 'iptables-legacy' : 'iptables';
      const chain = host.sh(`${program} -t nat -S POSTROUTING | sed -n 's/.* 10.15.0.3.* -j //p'`).trim();
      host.sh(`${program} -t nat -F ${chain}`);
      expect(states()).toEqual(['ok', '10.15.0.3 is not masqueraded']);
    });
  });

  test('a spoof check that lost a rule is found missing, and given back', () => {
    attachBoth();
    const before = host.snapshot('c1', 'c2');
    host.sh('nft flush chain bridge nat cni-br-iface-two-eth0-mac');
    expect(states()).toEqual(['ok', 'its MAC is not checked']);
    expect(run('restore').status).toBe(0);
    expect(states()).toEqual(['ok', 'ok']);
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test.each([
    ['iptables', /masquerade +10\.15\.0\.2 by iptables, chain CNI-/],
    ['nftables', /masquerade +by the Go plugin, in table inet cni_plugins_masquerade/],
  ])('what the Go plugin masquerades by %s is masqueraded', (ipMasqBackend, words) => {
    const go = network('lab', '10.15.0.0/24', { ipMasqBackend });
    configure(host, go);
    add(host, reference, { conf: go, containerID: 'go', env: { CNI_PATH: dirname(reference) } });
    expect(states()).toEqual(['ok']);
    expect(run('show', 'go').stdout).toMatch(words);
    expect(run('show', 'lab').stdout).toMatch(/^masquerades +yes, (iptables-nft|the Go plugin)$/m);
    expect(run('doctor', '--json').stdout).not.toContain('masqueraded');
    // Its comments tell the time.
    const rules = () => host.sh('nft list ruleset; iptables-save | sed "/^#/d"');
    const before = rules();
    expect(run('restore')).toMatchObject({ status: 0, stdout: '' });
    expect(rules()).toBe(before);
    host.sh('nft flush ruleset');
    expect(states()).toEqual(['10.15.0.2 is not masqueraded']);
  });

  test('try leaves nothing of it, and says so', () => {
    configure(host, conf);
    const words = ['try', '/run/conf/lab.conf', '--conf-dir', '/run/none', '--json'];
    const { status, stdout } = runCli(host, executable, words);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).steps.at(-1)).toMatchObject({ name: 'left', isWell: true });
  });

  test('a DEL takes away what was given back', () => {
    attachBoth();
    host.sh('iptables -t nat -F; nft delete table bridge nat');
    expect(run('restore').status).toBe(0);
    del(host, executable, { conf, containerID: 'one', netns: '/run/netns/c1' });
    del(host, executable, { conf, containerID: 'two', netns: '/run/netns/c2' });
    expect(host.sh('iptables -t nat -S')).not.toContain('CNI-');
    expect(host.sh('nft list tables bridge')).toBe('');
  });
});
