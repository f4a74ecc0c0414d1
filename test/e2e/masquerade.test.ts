import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure, reference } from '../support/cni.ts';
import type { Host } from '../support/host.ts';
import { removeIptables, setAlternatives, useLegacyIptables, writeProgram } from '../support/iptables.ts';
import { useHost } from '../support/use-host.ts';

const ipam = {
  type: 'host-local',
  ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]],
};
const base = { ...articleAs('1.1.0'), ipam };

/** Each way to masquerade: the backend, and whether the host's iptables is legacy. */
const backends: [string, { backend: string; isLegacy: boolean }][] = [
  ['nftables', { backend: 'nftables', isLegacy: false }],
  ['iptables-nft', { backend: 'iptables', isLegacy: false }],
  ['iptables-legacy', { backend: 'iptables', isLegacy: true }],
];
const iptables = backends.slice(1);

/** All rules of both iptables' nat tables, nft's and legacy. */
const natRules = (host: Host): string =>
  host
    .sh(
      `for save in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do echo $save; $save-save -t nat; done`,
    )
    .split('\n')
    .filter((line) => !/^(#|:[A-Z]+ |\*|COMMIT)/.test(line))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''))
    .join('\n');

describe.each(executables)('masquerading by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const second = { containerID: 'c2', netns: '/run/netns/c2' };

  /** An ADD for another container. It returns before the bridge's IPv6 address is usable and has its route. */
  function addOther(executable: string, request: Parameters<typeof add>[2]): ReturnType<typeof add> {
    const result = add(host, executable, { ...request, ...second });
    host.sh("until ip -6 route show table local | grep -q 'fd00:15:20::1 '; do sleep 0.05; done");
    return result;
  }

  /** The programs that a call runs, without the plugin itself. */
  function programsOf(command: string, conf: unknown): string[] {
    const trace = '/run/trace';
    const variables = `CNI_COMMAND=${command} CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/`;
    const script = `exec env -i ${variables} strace -f -o ${trace} -e trace=execve ${bridge}`;
    const { status, stdout } = host.run(['sh', '-c', script], { input: JSON.stringify(conf) });
    expect([status, stdout]).toEqual([0, '']);
    const runs = host.sh(`cat ${trace}`).matchAll(/execve\("([^"]+)".* = 0$/gm);
    return Array.from(runs, ([, file]) => file ?? '').filter((file) => file !== bridge);
  }

  describe.each(backends)('as the Go plugin has it, %s', (name, { backend, isLegacy }) => {
    const conf = { ...base, ipMasqBackend: backend, macspoofchk: true };
    beforeEach(() => {
      if (isLegacy) useLegacyIptables(host);
    });

    test('its ADD, our DEL: only what its ADD leaves for all containers is left', () => {
      add(host, reference, { conf });
      del(host, bridge, { conf });
      expect(
        natRules(host)
          .replace(/^.*iptables.*$|^.*ip6tables.*$/gm, '')
          .trim(),
      ).toBe('');
      expect(host.sh('nft list ruleset')).not.toMatch(/c1|10\.15\.20|fd00/);
      expect(host.sh('find /var/lib/cni -name "10.*" -o -name "fd*"')).toBe('');
    });

    test.each([true, false])(
      'its ADD, our DEL, beside another container of its; namespace there: %s',
      (there) => {
        addOther(reference, { conf });
        const before = host.snapshot('c2');
        const { interfaces } = add(host, reference, { conf });
        expect(host.snapshot('c2')).not.toBe(before);
        if (!there) host.sh(`ip netns del c1; ip link del ${interfaces[1]?.name} 2>/dev/null || true`);
        const programs = programsOf('DEL', conf);
        expect(host.snapshot('c2')).toBe(before);
        if (name === 'iptables-legacy') {
          expect(programs.map((file) => file.replace(/.*\//, '')).sort()).toEqual(
            ['', '6'].flatMap((v) => [`ip${v}tables-legacy-restore`, `ip${v}tables-legacy-save`]).sort(),
          );
        } else expect(programs).toEqual([]);
        expect(programsOf('DEL', conf).filter((file) => !file.endsWith('-save'))).toEqual([]);
        expect(host.snapshot('c2')).toBe(before);
      },
    );

    test('its DEL removes what our ADD made, except our own table', () => {
      addOther(reference, { conf });
      // Its DEL always looks for iptables rules, which creates empty tables.
      host.sh('for program in iptables ip6tables; do $program -t nat -N x && $program -t nat -X x; done');
      const before = host.snapshot('c1', 'c2');
      const prevResult = add(host, bridge, { conf });
      del(host, reference, { conf: { ...conf, prevResult } });
      // It doesn't know our nftables table, so the element there waits for our own DEL or GC.
      if (name === 'nftables') del(host, bridge, { conf });
      expect(host.snapshot('c1', 'c2')).toBe(before);
    });

    test('GC takes away what belongs to no attachment', () => {
      add(host, reference, { conf });
      const before = natRules(host) + host.sh('nft list ruleset');
      const { interfaces } = addOther(reference, { conf });
      const elsewhere = { ...conf, name: 'elsewhere', bridge: 'elsewhere0', macspoofchk: false };
      add(host, reference, { conf: elsewhere, containerID: 'c3', ifname: 'eth3' });
      const gc = (network: object, ...attachments: object[]): void => {
        const valid = { ...network, 'cni.dev/valid-attachments': attachments };
        const { status, stdout } = call(host, bridge, 'GC', { conf: valid });
        expect([status, stdout]).toEqual([0, '']);
      };
      const all = natRules(host) + host.sh('nft list ruleset');
      const kept = [{ containerID: 'c1', ifname: 'eth0' }];
      gc(conf, ...kept, { containerID: 'c2', ifname: 'eth0' });
      expect(natRules(host) + host.sh('nft list ruleset')).toBe(all);
      // The Go plugin's veths have no label; a spoof check is stale once its veth is gone.
      host.sh(`ip link del ${interfaces[1]?.name}`);
      gc(conf, ...kept);
      gc(elsewhere);
      expect(natRules(host) + host.sh('nft list ruleset')).toBe(before);
    });
  });

  describe.each(iptables)('by %s', (_backend, { isLegacy }) => {
    const conf = { ...base, ipMasqBackend: 'iptables' };
    beforeEach(() => {
      if (isLegacy) useLegacyIptables(host);
    });

    test("the rules are those of the Go plugin, but for the comments of those in the container's chain", () => {
      add(host, bridge, { conf });
      const bearing = natRules(host).match(/^-A CNI-\S+ .*--comment "cni lab-br1 c1" -j \w+$/gm);
      expect(bearing).toHaveLength(4);
      const ours = natRules(host).replaceAll('"cni lab-br1 c1"', String.raw`"name: \"lab-br1\" id: \"c1\""`);
      expect(ours).toContain('MASQUERADE');
      del(host, bridge, { conf });
      expect(natRules(host)).not.toMatch(/CNI-/);
      host.sh('rm -r /var/lib/cni/networks');
      add(host, reference, { conf });
      expect(natRules(host)).toBe(ours);
    });

    test('traffic that leaves the subnet is masqueraded, DEL leaves those of the other container', () => {
      host.makeNeighbour();
      host.serve('beyond');
      addOther(bridge, { conf: { ...conf, isDefaultGateway: true } });
      const before = host.snapshot('c1', 'c2');
      add(host, bridge, { conf: { ...conf, isDefaultGateway: true } });
      expect(host.sh('ip netns exec c1 curl -s --max-time 10 192.0.2.2')).toBe('seen from 192.0.2.1');
      del(host, bridge, { conf });
      expect(host.snapshot('c1', 'c2')).toBe(before);
      expect(host.sh('ip netns exec c2 curl -s --max-time 10 192.0.2.2')).toBe('seen from 192.0.2.1');
    });

    test('two interfaces of a container share a chain until the last DEL', () => {
      add(host, bridge, { conf });
      const alone = natRules(host);
      add(host, bridge, { conf, ifname: 'eth1' });
      expect(natRules(host).match(/-A POSTROUTING/g)).toHaveLength(4);
      del(host, bridge, { conf, ifname: 'eth1' });
      expect(natRules(host)).toBe(alone);
      del(host, bridge, { conf });
      expect(natRules(host)).not.toMatch(/CNI-/);
    });

    test('an ADD that fails between the families leaves neither', () => {
      addOther(bridge, { conf });
      writeProgram(host, '/run/fails', 'echo no room >&2; exit 3');
      setAlternatives(host, { 'ip6tables-restore': '/run/fails' });
      const before = host.snapshot('c1', 'c2');
      const error = failure(host, bridge, 'ADD', { conf });
      expect(error).toMatchObject({
        code: 999,
        msg: 'ip6tables-restore failed',
        details: 'exit status 3: no room',
      });
      expect(host.snapshot('c1', 'c2')).toBe(before);
    });
  });

  describe('without iptables', () => {
    const conf = { ...base, ipMasqBackend: 'iptables' };

    test('missing programs are named, by ADD and by STATUS, with code 50', () => {
      expect(call(host, bridge, 'STATUS', { conf })).toMatchObject({ status: 0, stdout: '' });
      removeIptables(host);
      const before = host.snapshot('c1');
      for (const command of ['STATUS', 'ADD']) {
        const error = failure(host, bridge, command, { conf });
        expect(error).toMatchObject({ code: 50, msg: 'iptables-restore was not found' });
        expect(error.details).toContain('/usr/sbin');
      }
      expect(host.snapshot('c1')).toBe(before);
    });

    test('PATH is searched after the directories of the system', () => {
      const path = '/run/path';
      for (const name of ['iptables-restore', 'ip6tables-restore']) {
        writeProgram(host, `${path}/${name}`, `echo ran >>/run/ran; cat >/dev/null`);
      }
      const env = { PATH: `${path}:/usr/sbin:/usr/bin` };
      add(host, bridge, { conf, env });
      expect(natRules(host)).toContain('MASQUERADE');
      del(host, bridge, { conf, env });
      expect(host.sh('cat /run/ran 2>/dev/null || true')).toBe('');
      removeIptables(host);
      add(host, bridge, { conf, env });
      expect(host.sh('cat /run/ran')).toBe('ran\nran\n');
    });

    test('the xtables lock, held by another program: try again, code 11', () => {
      useLegacyIptables(host);
      // A legacy table must be in use already, since the snapshot shows it from then on.
      host.sh('iptables-legacy -t nat -L -n >/dev/null');
      const before = host.snapshot('c1');
      const pid = Number(
        host.sh(`( exec 9>/run/xtables.lock; flock 9; exec sleep 300 ) </dev/null >/dev/null 2>&1 & pid=$!
          while flock -n /run/xtables.lock true; do :; done; echo $pid`),
      );
      try {
        const error = failure(host, bridge, 'ADD', { conf });
        expect(error).toMatchObject({ code: 11, msg: 'another program held the xtables lock for 10 s' });
        expect(host.snapshot('c1')).toBe(before);
      } finally {
        process.kill(pid);
      }
    });
  });

  test('a DEL without iptables tables runs no program', () => {
    add(host, bridge, { conf: base });
    expect(programsOf('DEL', base)).toEqual([]);
    expect(host.sh('nft list ruleset')).toBe('');
  });
});
