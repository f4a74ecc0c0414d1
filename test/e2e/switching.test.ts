import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { add, call, del, executables, reference as go } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = {
  cniVersion: '1.0.0',
  name: 'lab-br1',
  type: 'bridge',
  bridge: 'lab-br1',
  isDefaultGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', subnet: '10.15.20.0/24' },
};
const env = { CNI_PATH: dirname(go) };
const one = { conf, env };
const two = { conf, env, containerID: 'c2', netns: '/run/netns/c2' };
const well = { status: 0, stdout: '' };

/** The commands in docs/switching.md that remove what ours leaves; the last is for what options of our own made. */
const [ownGC = '', ...cleaning] = readFileSync(resolve('docs/switching.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('      '))
  .map((line) => line.trim())
  .reverse();

describe.each(executables)('a node that changes its plugin to %s and back', (_name, bridge) => {
  const host = useHost('c1', 'c2');
  beforeEach(() => {
    host.makeNeighbour();
    host.serve('beyond');
  });

  /** The client's address that a server outside sees. */
  const seenFrom = (container: string): string =>
    host.sh(`ip netns exec ${container} curl -sf --max-time 5 http://192.0.2.2`);

  test('containers that run meanwhile keep their connections, and leave nothing', () => {
    const prevResult = add(host, go, one);
    expect(seenFrom('c1')).toBe('seen from 192.0.2.1');

    expect(call(host, bridge, 'CHECK', { ...one, conf: { ...conf, prevResult } })).toMatchObject(well);
    const later = add(host, bridge, two);
    expect(later.ips[0]?.address).toBe('10.15.20.3/24');
    expect(seenFrom('c1')).toBe('seen from 192.0.2.1');
    expect(seenFrom('c2')).toBe('seen from 192.0.2.1');
    del(host, bridge, { ...one, conf: { ...conf, prevResult } });
    expect(host.sh('nft list ruleset; iptables -t nat -S 2>/dev/null || true')).not.toContain('10.15.20.2');

    expect(
      call(host, go, 'CHECK', { ...two, conf: { ...conf, prevResult: later, ipMasq: false } }),
    ).toMatchObject(well);
    const back = add(host, go, one);
    expect(seenFrom('c1')).toBe('seen from 192.0.2.1');
    expect(seenFrom('c2')).toBe('seen from 192.0.2.1');
    del(host, go, { ...two, conf: { ...conf, prevResult: later } });
    expect(cleaning).toHaveLength(2);
    for (const command of cleaning) host.sh(command);
    expect(seenFrom('c1')).toBe('seen from 192.0.2.1');
    del(host, go, { ...one, conf: { ...conf, prevResult: back } });
    expect(host.sh('nft list tables | grep cni-bridge || true')).toBe('');
    expect(host.sh('ls -A /var/lib/cni/networks/lab-br1').split('\n').filter(Boolean).sort()).toEqual([
      'last_reserved_ip.0',
      'lock',
    ]);
    expect(host.sh('ip -o link show type veth').trim().split('\n')).toHaveLength(1);
  });

  test('a GC removes what options of our own made and the Go plugin leaves', () => {
    const drops = 'table inet fw { chain f { type filter hook forward priority 0; policy drop; }; }';
    host.sh(`nft '${drops}'`);
    const before = host.sh('nft list ruleset');
    const options = { forward: true, isolate: 'strict', macspoofchk: true, ipspoofchk: true };
    const policy = { outboundAddresses: ['192.0.2.1'], noMasquerade: ['10.0.0.0/8'] };
    const own = { ...one, conf: { ...conf, ...options, ...policy } };
    add(host, bridge, own);
    del(host, go, own);
    expect(host.sh('nft list ruleset')).toContain('table inet cni-isolate');
    host.sh(`echo '${JSON.stringify(own.conf)}' >/run/lab.conf`);
    host.sh(ownGC.replace('lab.conf', '/run/lab.conf').replace('./bridge', bridge));
    const made = /^table ip6? nat \{\n\}\n/gm;
    expect(host.sh('nft list ruleset').replace(made, '')).toBe(before);
  });
});
