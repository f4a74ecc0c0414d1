import { dirname, join } from 'node:path';
import { type Call, call, executables, failure, reference } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const goLoopback = join(dirname(reference), 'loopback');
const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const conf = { cniVersion: '1.1.0', name: 'cni-loopback', type: 'loopback' };
const lo = { name: 'lo', mac: '00:00:00:00:00:00', sandbox: '/run/netns/c1' };
const ip4 = { interface: 0, address: '127.0.0.1/8' };
const ip6 = { interface: 0, address: '::1/128' };
/** The result in the shape of each version. */
const shapes: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    ['0.1.0', '0.2.0'].map((version) => [version, { ip4: { ip: ip4.address }, ip6: { ip: ip6.address } }]),
  ),
  ...Object.fromEntries(
    ['0.3.0', '0.3.1', '0.4.0'].map((version) => [
      version,
      {
        interfaces: [lo],
        ips: [
          { version: '4', ...ip4 },
          { version: '6', ...ip6 },
        ],
      },
    ]),
  ),
  ...Object.fromEntries(
    ['1.0.0', '1.1.0'].map((version) => [version, { interfaces: [lo], ips: [ip4, ip6] }]),
  ),
};
/** The result of an earlier plugin in the chain, in the shape of each version. */
const previous = (cniVersion: string): object => {
  if (cniVersion < '0.3.0') return { cniVersion, ip4: { ip: '10.0.0.2/24' }, dns: { domain: 'a' } };
  const family = cniVersion < '1.0.0' ? { version: '4' } : {};
  return {
    cniVersion,
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/c1' }],
    ips: [{ ...family, interface: 0, address: '10.0.0.2/24', gateway: '10.0.0.1' }],
    routes: [{ dst: '0.0.0.0/0' }],
    dns: { domain: 'a' },
  };
};

describe.each(executables)('loopback, a link to %s', (_name, bridge) => {
  const ours = join(dirname(bridge), 'loopback');
  const host = useHost('c1');

  const isUp = (): boolean =>
    host.json<{ flags: string[] }[]>('ip -n c1 -j link show lo')[0]?.flags.includes('UP') === true;
  const done = { status: 0, stdout: '', stderr: '' };
  const run = (command: string, request: Partial<Call> = {}, executable = ours) =>
    call(host, executable, command, { conf, ifname: 'lo', ...request });

  test('ADD sets lo up, CHECK sees it, DEL sets it down, each as often as one likes', () => {
    expect(failure(host, ours, 'CHECK', { conf })).toMatchObject({ msg: 'loopback interface is down' });
    for (const _ of [1, 2]) {
      expect(run('ADD').status).toBe(0);
      expect(isUp()).toBe(true);
      host.sh('ip netns exec c1 ping -c 1 -W 5 127.0.0.1; ip netns exec c1 ping -6 -c 1 -W 5 ::1');
      expect(run('CHECK')).toEqual(done);
    }
    for (const _ of [1, 2]) {
      expect(run('DEL')).toEqual(done);
      expect(isUp()).toBe(false);
    }
  });

  test.each(versions)('version %s: its own result', (cniVersion) => {
    const { status, stdout } = run('ADD', { conf: { ...conf, cniVersion } });
    expect([status, JSON.parse(stdout)]).toEqual([0, { cniVersion, ...shapes[cniVersion], dns: {} }]);
  });

  test.each(['1.0.0', '1.1.0'])("version %s: the result is Go's, but for an empty dns", (cniVersion) => {
    const [own, theirs] = [ours, goLoopback].map((executable) =>
      JSON.parse(run('ADD', { conf: { ...conf, cniVersion } }, executable).stdout),
    );
    expect(own).toEqual({ ...theirs, dns: {} });
  });

  test.each(versions)("version %s: a previous plugin's result goes through as with Go", (cniVersion) => {
    const request = { conf: { ...conf, cniVersion, prevResult: previous(cniVersion) } };
    const [own, theirs] = [ours, goLoopback].map((executable) => {
      const { status, stdout } = run('ADD', request, executable);
      return [status, isUp(), JSON.parse(stdout)];
    });
    expect(own).toEqual([0, true, previous(cniVersion)]);
    expect(own).toEqual(theirs);
  });

  test.each(['', '/run/netns/gone', '/run/left-behind'])('DEL where the namespace is %j', (netns) => {
    host.sh('touch /run/left-behind');
    expect(run('DEL', { netns })).toEqual(done);
  });

  test('a path that is not a namespace is an error of ADD and CHECK', () => {
    for (const command of ['ADD', 'CHECK']) {
      expect(failure(host, ours, command, { conf, netns: '/run/netns/gone' })).toMatchObject({ code: 8 });
    }
    for (const command of ['ADD', 'CHECK', 'DEL']) {
      expect(failure(host, ours, command, { conf, netns: '/proc/self/ns/net' })).toMatchObject({ code: 8 });
    }
    expect(host.sh('ip -o link show lo')).toContain(',UP');
  });

  test('a non-loopback address is refused, and lo is down again', () => {
    host.sh('ip -n c1 addr add 10.0.0.1/8 dev lo');
    const words = 'loopback interface found with non-loopback address "10.0.0.1"';
    expect(failure(host, ours, 'ADD', { conf })).toMatchObject({ code: 999, msg: words });
    expect(isUp()).toBe(false);
    expect(run('ADD', {}, goLoopback).stdout.replaceAll('\\"', '"')).toContain(words);
  });

  test('a result that cannot be delivered: lo is as before', () => {
    const full = ['sh', '-c', 'exec "$0" >/dev/full'];
    expect(run('ADD', { under: full }).status).toBe(1);
    expect(isUp()).toBe(false);
    host.sh('ip -n c1 link set lo up');
    expect(run('ADD', { under: full }).status).toBe(1);
    expect(isUp()).toBe(true);
  });

  test('GC and STATUS have nothing to do, VERSION is answered', () => {
    const kept = { ...conf, 'cni.dev/valid-attachments': [] };
    for (const executable of [ours, goLoopback]) {
      expect(run('GC', { conf: kept }, executable)).toEqual(done);
      expect(run('STATUS', {}, executable)).toEqual(done);
      expect(JSON.parse(run('VERSION', {}, executable).stdout).supportedVersions).toEqual(versions);
      for (const command of ['GC', 'STATUS', 'CHECK']) {
        const request = { conf: { ...conf, cniVersion: '0.3.1' } };
        expect(failure(host, executable, command, request)).toMatchObject({ code: 1 });
      }
    }
    expect(isUp()).toBe(false);
  });

  test('keys that it does not use may be anything', () => {
    const odd = { ...conf, bridge: 5, mtu: 'big', ipam: { type: '../x' } };
    for (const command of ['ADD', 'CHECK', 'DEL']) {
      expect(run(command, { conf: odd }).status).toBe(0);
    }
    expect(failure(host, ours, 'ADD', { conf: { ...conf, name: '../x' } })).toMatchObject({ code: 7 });
  });

  test.each(['bridge', 'my-bridge', 'loopback2', 'lo'])('called %s it is the bridge', (name) => {
    host.sh(`ln -s ${bridge} /run/${name}`);
    const { stdout } = run('ADD', { ifname: 'eth0' }, `/run/${name}`);
    expect(JSON.parse(stdout)).toMatchObject({ interfaces: [{ name: 'cni0' }, {}, { name: 'eth0' }] });
  });
});
