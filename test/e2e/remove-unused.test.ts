import { articleAs } from '../support/article.ts';
import { add, call, del, executables, startCall } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const conf = { ...article, removeUnused: true };
const second = { containerID: 'c2', netns: '/run/netns/c2' };

describe.each(executables)('removeUnused by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  const bridges = (): string => host.sh('ip -o link show type bridge');

  test('the bridge goes with its last container', () => {
    const before = host.snapshot('c1', 'c2');
    add(host, bridge, { conf });
    expect(host.sh('ip -d link show lab-br1')).toContain('alias cni-bridge: removed when unused');
    add(host, bridge, { conf, ...second });
    del(host, bridge, { conf });
    expect(bridges()).toContain('lab-br1');
    expect(host.sh('ip -d link show lab-br1')).toContain('group default');
    del(host, bridge, { conf, ...second });
    del(host, bridge, { conf, ...second });
    host.sh('echo 0 >/proc/sys/net/ipv4/ip_forward');
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });

  test('the bridge goes when the last namespace is gone already', () => {
    add(host, bridge, { conf });
    host.sh('ip netns del c1');
    del(host, bridge, { conf });
    expect(bridges()).toBe('');
  });

  test('a GC that keeps nobody takes it as well', () => {
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    const gc = (valid: object[]) =>
      call(host, bridge, 'GC', { conf: { ...conf, 'cni.dev/valid-attachments': valid } });
    expect(gc([{ containerID: 'c2', ifname: 'eth0' }])).toMatchObject({ status: 0, stdout: '' });
    expect(bridges()).toContain('lab-br1');
    expect(gc([])).toMatchObject({ status: 0, stdout: '' });
    expect(bridges()).toBe('');
  });

  test.each([
    ['that a person made', 'ip link add lab-br1 type bridge', conf],
    ['whose configuration does not ask for it', 'true', article],
  ])('a bridge %s stays', (_whose, command, config) => {
    host.sh(command);
    add(host, bridge, { conf: config });
    del(host, bridge, { conf });
    expect(bridges()).toContain('lab-br1');
  });

  test('a bridge with a port of somebody else stays', () => {
    add(host, bridge, { conf });
    host.sh('ip link add p0 master lab-br1 type veth peer name p1');
    del(host, bridge, { conf });
    expect(bridges()).toContain('lab-br1');
    host.sh('ip link del p0');
    add(host, bridge, { conf });
    del(host, bridge, { conf });
    expect(bridges()).toBe('');
  });

  test('a DEL that was killed while it removed the bridge: the next ADD keeps it, the next DEL removes it', () => {
    add(host, bridge, { conf });
    del(host, bridge, { conf: article });
    // What a DEL leaves if it is killed between marking the bridge and deleting it.
    host.sh('ip link set lab-br1 group 1660944385');
    const prevResult = add(host, bridge, { conf });
    expect(host.json<{ group: string }[]>('ip -j link show lab-br1')[0]?.group).toBe('default');
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } }).stdout).toBe('');
    host.sh('ip link set lab-br1 group 1660944385');
    del(host, bridge, { conf });
    expect(bridges()).toBe('');
  });

  test('the bridge goes by the DEL after an ADD or a DEL that was killed, whenever that was', () => {
    const kill = (command: string): void => {
      let killed = 0;
      for (;;) {
        const fault = `inject=sendto:signal=KILL:when=${killed + 1}`;
        const under = ['/usr/bin/strace', '-f', '-o', '/dev/null', '-e', fault];
        if (command === 'DEL') add(host, bridge, { conf });
        const { status } = call(host, bridge, command, { conf, under });
        del(host, bridge, { conf });
        expect([command, killed, bridges()]).toEqual([command, killed, '']);
        if (status === 0) break;
        killed++;
      }
      expect(killed).toBeGreaterThan(5);
    };
    kill('ADD');
    kill('DEL');
  });

  test('a bridge that is deleted while an ADD sets its sysctl is no error', () => {
    const accepts = '/proc/sys/net/ipv6/conf/lab-br1/accept_ra';
    const fault = ['-P', accepts, '-e', 'inject=pwrite64:error=ENOENT'];
    const under = ['/usr/bin/strace', '-o', '/dev/null', ...fault];
    expect(add(host, bridge, { conf, under }).interfaces[0]).toMatchObject({ name: 'lab-br1' });
  });

  test('20 containers that come and go at once: each that is connected stays so, and nothing is left', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `p${index}`);
    host.addContainers(...ids);
    const printed = async (command: string, containerID: string): Promise<string> => {
      const netns = `/run/netns/${containerID}`;
      const { status, stdout } = await startCall(host, bridge, command, { conf, containerID, netns });
      return status === 0 ? '' : stdout;
    };
    const comeAndGo = async (id: string): Promise<string[]> => {
      const failures: string[] = [];
      for (let round = 0; round < 5; round++) {
        failures.push(await printed('ADD', id));
        const master = host.sh(`ip -n ${id} -o link show eth0; ip -o link show master lab-br1`);
        if (!master.includes('lab-br1')) failures.push(`${id} has lost its bridge`);
        failures.push(await printed('DEL', id));
      }
      return failures.filter((failure) => failure !== '');
    };
    expect((await Promise.all(ids.map(comeAndGo))).flat()).toEqual([]);
    expect(host.sh('ip -o link show type bridge; ip -o link show type veth; nft list ruleset')).toBe('');
  }, 300_000);
});
