import { spawn } from 'node:child_process';
import { article } from '../support/article.ts';
import { add, call, del, executables, startCall } from '../support/cni.ts';
import type { Outcome } from '../support/host.ts';
import { outcomeOf } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const conf = { ...article, macspoofchk: true };
const rounds = 5;

describe.each(executables)('races with %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  /** Starts a command without waiting for it. */
  function start(command: string, containerID = 'c1', netns = containerID): Promise<Outcome> {
    return startCall(host, bridge, command, { conf, containerID, netns: `/run/netns/${netns}` });
  }

  /** Loops a shell command in the host until stopped. */
  function loop(command: string): { end(): Promise<Outcome> } {
    const child = spawn(
      'nsenter',
      [...host.entering, 'sh', '-c', `while [ ! -e /run/enough ]; do ${command}; done`],
      {
        env: { PATH: process.env.PATH },
      },
    );
    const done = outcomeOf(child);
    return {
      end: () => {
        host.sh('touch /run/enough');
        return done;
      },
    };
  }

  /** Expects that a command succeeded, or failed with one CNI error. */
  function expectAnswer({ status, stdout, stderr }: Outcome): void {
    const answer = stdout === '' ? {} : JSON.parse(stdout);
    if (status === 0) return;
    expect([status, typeof answer.code, typeof answer.msg, stderr.match(/could not undo.*/)]).toEqual([
      1,
      'number',
      'string',
      null,
    ]);
  }

  function expectNothingLeft(): void {
    expect(
      host.sh(`ip -o link show type veth; nft list ruleset
        find /var/lib/cni -type f ! -name sums '(' -name '10.*' -o -path '*/.attachments/*' ')'`),
    ).toBe('');
  }

  test('ADD and DEL of one container at once: both answer, and a second DEL leaves nothing', async () => {
    for (let round = 0; round < rounds; round++) {
      const [added, deleted] = await Promise.all([start('ADD'), start('DEL')]);
      expectAnswer(added);
      expectAnswer(deleted);
      del(host, bridge, { conf });
      expectNothingLeft();
      add(host, bridge, { conf });
      del(host, bridge, { conf });
    }
  });

  test('a pair that the next ADD of the attachment makes while IPAM runs is left alone', () => {
    const hooked = { ...article, ipam: { type: 'hook' } };
    host.sh(`mkdir -p /run/plugins; cat >/run/hooked.conf <<'END'
${JSON.stringify(hooked)}
END
      cat >/run/plugins/hook <<'END'
#!/bin/sh
cat >/dev/null
[ $CNI_COMMAND = ADD ] || exit 0
address=10.15.20.88
if [ ! -e /run/second ]; then
  address=10.15.20.77
  touch /run/second
  for CNI_COMMAND in DEL ADD; do ${bridge} </run/hooked.conf >/run/second || exit 1; done
fi
echo '{"cniVersion":"1.0.0","ips":[{"address":"'$address'/24"}]}'
END
      chmod 755 /run/plugins/hook`);
    const env = { CNI_PATH: '/run/plugins' };
    const first = call(host, bridge, 'ADD', { conf: hooked, env });
    expect([first.status, JSON.parse(first.stdout)]).toEqual([
      1,
      expect.objectContaining({
        code: 11,
        msg: expect.stringContaining('was deleted while it was being set up'),
      }),
    ]);
    expect(host.sh("ip -n c1 -o -4 address show eth0 | awk '{print $4}'")).toBe('10.15.20.88/24\n');
    const prevResult = JSON.parse(host.sh('cat /run/second'));
    const [link] = JSON.parse(host.sh('ip -n c1 -j link show eth0'));
    expect(prevResult.interfaces[2].mac).toBe(link.address);
    expect(call(host, bridge, 'CHECK', { conf: { ...hooked, prevResult }, env })).toMatchObject({
      status: 0,
    });
    del(host, bridge, { conf: hooked, env });
    expectNothingLeft();
  });

  test('two ADDs of one container at once: one is refused, and does the other no harm', async () => {
    for (let round = 0; round < rounds; round++) {
      const outcomes = await Promise.all([start('ADD'), start('ADD')]);
      outcomes.forEach(expectAnswer);
      const [winner, ...more] = outcomes.filter(({ status }) => status === 0);
      expect(more).toEqual([]);
      expect(winner).toBeDefined();
      const prevResult = JSON.parse(winner?.stdout ?? '{}');
      expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({ status: 0 });
      expect(host.sh('ip -o link show type veth').trim().split('\n')).toHaveLength(1);
      del(host, bridge, { conf });
      expectNothingLeft();
    }
  });

  test('the namespace is deleted during the ADD', async () => {
    for (let round = 0; round < rounds; round++) {
      const adding = start('ADD');
      host.sh('ip netns del c1');
      expectAnswer(await adding);
      del(host, bridge, { conf });
      host.addContainers('c1');
      expect(host.sh('nft list ruleset; find /var/lib/cni -name "10.*"')).toBe('');
    }
  });

  test('the bridge is deleted during the ADD', async () => {
    const deleting = loop('ip link del lab-br1 2>/dev/null');
    for (let round = 0; round < rounds; round++) {
      expectAnswer(await start('ADD'));
      del(host, bridge, { conf });
      expectNothingLeft();
    }
    await deleting.end();
    add(host, bridge, { conf });
  });

  test('the bridge is made by several ADDs at once', async () => {
    const ids = ['c1', 'c2', 'c3', 'c4'];
    host.addContainers('c3', 'c4');
    for (let round = 0; round < rounds; round++) {
      const outcomes = await Promise.all(ids.map((id) => start('ADD', id)));
      expect(outcomes.map(({ status, stdout }) => (status === 0 ? '' : stdout))).toEqual(['', '', '', '']);
      const bridges = outcomes.map(({ stdout }) => JSON.parse(stdout).interfaces[0]);
      expect(new Set(bridges.map(({ mac }) => mac)).size).toBe(1);
      expect(host.json<{ address: string }[]>('ip -j link show lab-br1')[0]?.address).toBe(bridges[0].mac);
      expect(host.sh('ip -o -4 addr show lab-br1').trim().split('\n')).toHaveLength(1);
      await Promise.all(ids.map((id) => start('DEL', id)));
      expectNothingLeft();
      host.sh('ip link del lab-br1');
    }
  });

  test('several ADDs that make the bridge at once and all fail', async () => {
    const before = host.snapshot('c1', 'c2');
    host.sh('mount -o remount,ro /var/lib/cni');
    for (let round = 0; round < rounds; round++) {
      const outcomes = await Promise.all([start('ADD', 'c1'), start('ADD', 'c2')]);
      expect(outcomes.map(({ status }) => status)).toEqual([1, 1]);
      outcomes.forEach(expectAnswer);
    }
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test.each([
    ['of its own', 'other0'],
    ['that the two share', 'lab-br1'],
  ])(
    'an ADD that fails leaves what one of another network needs that came meanwhile, on a bridge %s',
    (_which, shared) => {
      // The first blocks on printing its result into a full pipe, and fails when the reader goes.
      const variables =
        'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';
      host.sh(`printf %s '${JSON.stringify(conf)}' >/run/conf
      echo 0 >/proc/sys/net/ipv4/ip_forward
      { { head -c 65536 /dev/zero; env -i ${variables} ${bridge} </run/conf; echo $? >/run/status; } |
        sleep 2; } >/dev/null 2>&1 &
      while [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; do sleep 0.05; done`);
      const { subnet } = article.ipam;
      const network = {
        name: 'other',
        bridge: shared,
        ipam: { type: 'host-local', subnet: shared === 'lab-br1' ? subnet : '10.7.0.0/24' },
      };
      const other = { containerID: 'c2', netns: '/run/netns/c2', conf: { ...conf, ...network } };
      add(host, bridge, other);
      host.sh('while [ ! -s /run/status ]; do sleep 0.1; done');
      expect(host.sh('cat /run/status /proc/sys/net/ipv4/ip_forward')).toBe('1\n1\n');
      del(host, bridge, other);
      del(host, bridge, { conf });
      expectNothingLeft();
    },
  );

  test.each([2, 3])('the directory of leases is made by another ADD before mkdir number %i', (when) => {
    // On a host without one: the first ADD waits there until the second has made everything.
    const variables = 'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';
    const delayed = `strace -o /run/trace -e trace=mkdir,mkdirat -e inject=mkdir,mkdirat:delay_enter=2000000:when=${when}`;
    host.sh(`printf %s '${JSON.stringify(conf)}' >/run/conf
      { ${delayed} env -i ${variables} ${bridge} </run/conf >/run/printed 2>&1; echo $? >/run/status; } >/dev/null 2>&1 &
      sleep 0.5`);
    const other = { containerID: 'c2', netns: '/run/netns/c2', conf };
    add(host, bridge, other);
    host.sh('while [ ! -s /run/status ]; do sleep 0.1; done');
    expect(host.sh('cat /run/status; grep msg -A 1 /run/printed || true')).toBe('0\n');
    expect(host.sh('grep -c DELAYED /run/trace')).toBe('1\n');
    del(host, bridge, { conf });
    del(host, bridge, other);
    expectNothingLeft();
  });

  test('an ADD that fails leaves a bridge up and promiscuous for one that came meanwhile', () => {
    // The first blocks on printing its result into a full pipe, and fails when the reader goes.
    const request = { ...conf, promiscMode: true };
    const variables = 'CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH=/';
    host.sh(`ip link add lab-br1 type bridge; printf %s '${JSON.stringify(request)}' >/run/conf
      { { head -c 65536 /dev/zero; env -i ${variables} ${bridge} </run/conf; echo $? >/run/status; } |
        sleep 2; } >/dev/null 2>&1 &
      while ! ip link show lab-br1 | grep -q UP; do sleep 0.05; done; sleep 0.3`);
    const other = { containerID: 'c2', netns: '/run/netns/c2', conf: request };
    add(host, bridge, other);
    host.sh('while [ ! -s /run/status ]; do sleep 0.1; done');
    expect(host.sh('cat /run/status')).toBe('1\n');
    expect(host.sh('ip -d link show lab-br1')).toMatch(/[<,]UP[,>].*promiscuity 1 /s);
    del(host, bridge, other);
    expectNothingLeft();
  });

  test('the whole ruleset is flushed between ADD and DEL, and a later ADD makes it anew', () => {
    add(host, bridge, { conf });
    const rules = host.sh('nft -s list ruleset');
    host.sh('nft flush ruleset');
    const other = { containerID: 'c2', netns: '/run/netns/c2', conf };
    add(host, bridge, other);
    expect(host.sh('nft -s list ruleset').length).toBeGreaterThan(rules.length * 0.8);
    del(host, bridge, { conf });
    del(host, bridge, other);
    expectNothingLeft();
  });

  test('the rules of the network are flushed and its chains kept: a later ADD fills them, the last DEL leaves nothing', () => {
    add(host, bridge, { conf });
    const rules = host.sh('nft -s list table inet cni-bridge-lab-br1').split('\n');
    host.sh('nft flush table inet cni-bridge-lab-br1');
    const other = { containerID: 'c2', netns: '/run/netns/c2', conf };
    add(host, bridge, other);
    expect(host.sh('nft -s list table inet cni-bridge-lab-br1').split('\n')).toEqual(
      expect.arrayContaining(rules.filter((line) => !line.includes('elements'))),
    );
    host.sh('nft flush table inet cni-bridge-lab-br1');
    del(host, bridge, { conf });
    expect(host.sh('nft list map inet cni-bridge-lab-br1 sources4')).toContain('cni lab-br1 c2 eth0');
    del(host, bridge, other);
    expectNothingLeft();
  });

  test('a firewall that is reloaded again and again disturbs no ADD and no DEL', async () => {
    host.sh(`cat >/run/firewall <<'END'
table inet firewall
delete table inet firewall
table inet firewall {
  chain input { type filter hook input priority 0; policy accept; tcp dport 22 accept; }
}
END`);
    const reloading = loop('nft -f /run/firewall');
    for (let round = 0; round < rounds; round++) {
      const added = await Promise.all([start('ADD', 'c1'), start('ADD', 'c2')]);
      expect(added.map(({ status, stdout }) => (status === 0 ? '' : stdout))).toEqual(['', '']);
      const deleted = await Promise.all([start('DEL', 'c1'), start('DEL', 'c2')]);
      expect(deleted.map(({ status, stdout }) => `${status}${stdout}`)).toEqual(['0', '0']);
    }
    expect(await reloading.end()).toMatchObject({ stderr: '' });
    host.sh('nft delete table inet firewall');
    expectNothingLeft();
  });
});
