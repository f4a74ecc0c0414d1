import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const ipam = {
  type: 'host-local',
  subnet: 'fd00:15:20::/64',
  routes: [{ dst: '::/0' }],
};
const conf = {
  cniVersion: '1.1.0',
  name: 'lab-br6',
  type: 'bridge',
  bridge: 'lab-br6',
  isGateway: true,
  ipMasq: true,
  ipam,
};
const second = { containerID: 'c2', netns: '/run/netns/c2' };

describe.each(executables)('IPv6 by %s', (_name, bridge) => {
  const host = useHost('c1', 'c2');

  const sysctl = (path: string, netns = ''): string =>
    host.sh(`${netns === '' ? '' : `ip netns exec ${netns}`} cat /proc/sys/net/ipv6/${path}`).trim();
  const tentative = (): string => host.sh('ip -n c1 -6 -o addr show dev eth0 tentative');

  /** On a busy machine the kernel may be slow to answer for an address; ping repeats until it does. */
  const ping = (netns: string, address: string, options = ''): void =>
    void host.sh(`ip netns exec ${netns} ping -c 1 -w 50 ${options} ${address}`);

  /** A neighbour on the bridge that already has an address. */
  function makeSquatter(address: string): void {
    host.addContainers('squatter');
    host.sh(`[ -e /sys/class/net/lab-br6 ] || ip link add lab-br6 up type bridge
      ip link add squat0 master lab-br6 up type veth peer name eth0 netns squatter
      ip -n squatter link set lo up && ip -n squatter addr add ${address}/64 dev eth0 nodad && ip -n squatter link set eth0 up`);
    ping('squatter', address);
  }

  test('a container reaches what is beyond the host, which sees the host', () => {
    host.makeNeighbour();
    host.serve('beyond');
    add(host, bridge, { conf });
    ping('c1', '2001:db8::2');
    const seen = host.sh('ip netns exec c1 curl -sS --max-time 50 http://[2001:db8::2]/');
    expect(seen).toBe('seen from 2001:db8::1');
    expect(sysctl('conf/all/forwarding')).toBe('1');
  });

  test('without masquerading it is seen under its own address', () => {
    host.makeNeighbour();
    host.sh('ip -n beyond route add fd00:15:20::/64 via 2001:db8::1');
    host.serve('beyond');
    add(host, bridge, { conf: { ...conf, ipMasq: false } });
    ping('c1', '2001:db8::2');
    const seen = host.sh('ip netns exec c1 curl -sS --max-time 50 http://[2001:db8::2]/');
    expect(seen).toBe('seen from fd00:15:20::2');
  });

  test('two containers reach each other, not masqueraded', () => {
    add(host, bridge, { conf });
    add(host, bridge, { conf, ...second });
    host.serve('c1');
    ping('c2', 'fd00:15:20::2');
    const seen = host.sh('ip netns exec c2 curl -sS --max-time 50 http://[fd00:15:20::2]/');
    expect(seen).toBe('seen from fd00:15:20::3');
  });

  test('what is set in the container and on the host', () => {
    const { interfaces } = add(host, bridge, { conf });
    expect(sysctl('conf/eth0/accept_dad', 'c1')).toBe('0');
    expect(sysctl('conf/eth0/keep_addr_on_down', 'c1')).toBe('1');
    expect(interfaces.slice(0, 2).map(({ name }) => sysctl(`conf/${name}/accept_ra`))).toEqual(['0', '0']);
  });

  test.each([false, true])('with enabledad %s the address is usable when ADD returns', (enabledad) => {
    const result = add(host, bridge, { conf: { ...conf, enabledad } });
    expect(tentative()).not.toContain('fd00');
    ping('c1', 'fd00:15:20::1', '-I fd00:15:20::2');
    const check = call(host, bridge, 'CHECK', { conf: { ...conf, enabledad, prevResult: result } });
    expect(check).toMatchObject({ status: 0, stdout: '' });
  });

  test('where IPv6 is turned off, as Docker does, it is turned on', () => {
    host.sh(
      'ip netns exec c1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
    );
    add(host, bridge, { conf });
    expect(sysctl('conf/eth0/disable_ipv6', 'c1')).toBe('0');
    ping('c1', 'fd00:15:20::1');
  });

  test('a failed ADD leaves IPv6 turned off', () => {
    host.sh(
      'ip netns exec c1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
    );
    const before = host.snapshot('c1');
    const routes = [{ dst: '2001:db8:1::/48', gw: '2001:db8:2::1' }];
    const error = failure(host, bridge, 'ADD', { conf: { ...conf, ipam: { ...ipam, routes } } });
    expect(error.msg).toContain('cannot add route 2001:db8:1::/48');
    expect(host.snapshot('c1')).toBe(before);
  });

  describe.each([
    ['for new links', 'default'],
    ['for every link', 'default all'],
  ])('where IPv6 is turned off on the host %s', (_where, keys) => {
    const turnOff = (): void =>
      void host.sh(`for key in ${keys}; do sysctl -qw net.ipv6.conf.$key.disable_ipv6=1; done`);

    test('it is turned on for the bridge, and the gateway answers', () => {
      turnOff();
      add(host, bridge, { conf });
      expect(sysctl('conf/lab-br6/disable_ipv6')).toBe('0');
      ping('c1', 'fd00:15:20::1');
    });

    test('it is turned on for a bridge that is there', () => {
      host.sh('ip link add lab-br6 type bridge && sysctl -qw net.ipv6.conf.lab-br6.disable_ipv6=1');
      turnOff();
      add(host, bridge, { conf });
      ping('c1', 'fd00:15:20::1');
    });

    test('it stays off for an IPv4 gateway', () => {
      turnOff();
      const subnet = '10.15.20.0/24';
      add(host, bridge, { conf: { ...conf, ipam: { type: 'host-local', subnet } } });
      expect(sysctl('conf/lab-br6/disable_ipv6')).toBe('1');
    });

    test('an ADD that fails turns it off again', () => {
      host.sh('ip link add lab-br6 address 02:15:20:00:00:06 type bridge');
      turnOff();
      const before = host.snapshot('c1');
      const forwarding = '/proc/sys/net/ipv6/conf/all/forwarding';
      host.sh(`mount --bind ${forwarding} ${forwarding} && mount -o remount,bind,ro ${forwarding}`);
      expect(failure(host, bridge, 'ADD', { conf }).msg).toContain('forwarding');
      expect(host.snapshot('c1')).toBe(before);
    });
  });

  describe('duplicate address detection', () => {
    test('is on with enabledad, and proof against its own echo', () => {
      add(host, bridge, { conf: { ...conf, enabledad: true, hairpinMode: true } });
      expect(sysctl('conf/eth0/accept_dad', 'c1')).toBe('1');
      expect(sysctl('conf/eth0/enhanced_dad', 'c1')).toBe('1');
      expect(host.sh('ip -n c1 -6 addr show dev eth0 dadfailed')).toBe('');
    });

    test('finds a duplicate address: an error that names it, and nothing left behind', () => {
      makeSquatter('fd00:15:20::2');
      const before = host.snapshot('c1', 'squatter');
      const error = failure(host, bridge, 'ADD', { conf: { ...conf, enabledad: true } });
      expect(error).toMatchObject({ code: 999, msg: 'address fd00:15:20::2 of eth0 is already in use' });
      expect(host.snapshot('c1', 'squatter')).toBe(before);
      // The next attempt gets the next address.
      const result = add(host, bridge, { conf: { ...conf, enabledad: true } });
      expect(result.ips[0]?.address).toBe('fd00:15:20::3/64');
      ping('c1', 'fd00:15:20::2');
    });

    test('is off without enabledad', () => {
      makeSquatter('fd00:15:20::2');
      expect(add(host, bridge, { conf }).ips[0]?.address).toBe('fd00:15:20::2/64');
    });

    test('does not concern IPv4', () => {
      const subnet = '10.15.20.0/24';
      add(host, bridge, { conf: { ...conf, enabledad: true, ipam: { type: 'host-local', subnet } } });
      ping('c1', '10.15.20.1');
    });
  });

  test('CHECK finds an address that has turned out to be a duplicate', () => {
    const prevResult = add(host, bridge, { conf });
    makeSquatter('fd00:15:20::2');
    // The kernel detects duplicates when an address is added.
    host.sh(`ip netns exec c1 sysctl -qw net.ipv6.conf.eth0.accept_dad=1
      ip -n c1 addr del fd00:15:20::2/64 dev eth0 && ip -n c1 addr add fd00:15:20::2/64 dev eth0
      until ip -n c1 -6 addr show dev eth0 dadfailed | grep -q fd00:; do :; done`);
    const error = failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } });
    expect(error.details).toContain('expected fd00:15:20::2/64, found fd00:15:20::2/64, a duplicate');
  });

  test('DEL takes it all back', () => {
    add(host, bridge, { conf, ...second });
    const before = host.snapshot('c1', 'c2');
    add(host, bridge, { conf });
    del(host, bridge, { conf });
    expect(host.snapshot('c1', 'c2')).toBe(before);
  });
});
