import { articleAs } from '../support/article.ts';
import { add, call, executables, reference } from '../support/cni.ts';
import type { Host } from '../support/host.ts';
import { shareHost } from '../support/use-host.ts';

/** What a runtime hands over at the ADD; a DEL is then given the same with something bad in it. */
const conf = {
  ...articleAs('1.1.0'),
  ipMasqBackend: 'nftables',
  macspoofchk: true,
};
const ipam = (more: object): object => ({ ipam: { ...conf.ipam, ...more } });

/** What an ADD makes for a container. */
type Trace = 'veth' | 'lease' | 'masquerading' | 'spoof check';
const all: Trace[] = ['veth', 'lease', 'masquerading', 'spoof check'];
const lease: Trace[] = ['lease'];

/** What is bad, what ours leaves, and words of its error; none if it succeeds. */
type Row = [what: object, left: Trace[], error: string, args?: string];

const bridges: Row[] = [
  [{ bridge: 5 }, [], ''],
  [{ bridge: [] }, [], ''],
  [{ bridge: { name: 'lab-br1' } }, [], ''],
  [{ bridge: true }, [], ''],
  [{ bridge: 'a-name-of-a-bridge-that-is-too-long' }, [], ''],
  [{ bridge: 'lab/br1' }, [], ''],
  [{ bridge: '../br1' }, [], ''],
  [{ bridge: 'lab br1' }, [], ''],
  [{ bridge: 'all' }, [], ''],
  [{ bridge: 'éééééééé' }, [], ''],
  [{ bridge: 'another' }, [], ''],
  [{ bridge: null }, [], ''],
];
const rows: Row[] = [
  ...bridges,
  // Bad types and values.
  [{ isGateway: 'yes' }, [], ''],
  [{ isDefaultGateway: 1 }, [], ''],
  [{ forceAddress: {} }, [], ''],
  [{ ipMasq: 'true' }, [], ''],
  [{ ipMasqBackend: 'ipvs' }, [], ''],
  [{ ipMasqBackend: 5 }, [], ''],
  [{ mtu: 'big' }, [], ''],
  [{ mtu: -1 }, [], ''],
  [{ hairpinMode: [] }, [], ''],
  [{ macspoofchk: 'no' }, [], ''],
  [{ enabledad: 0 }, [], ''],
  [{ dns: 'none' }, [], ''],
  [{ dns: { nameservers: '10.15.20.1' } }, [], ''],
  [{ args: 5 }, [], ''],
  [{ args: { cni: { mac: '01:00:5e:00:00:01' } } }, [], ''],
  [{ runtimeConfig: { mac: 'none' } }, [], ''],
  [{ runtimeConfig: { ips: 'any' } }, [], ''],
  [{ prevResult: 5 }, [], ''],
  [{ prevResult: { ips: [{ address: 'x' }] } }, [], ''],
  [{ prevResult: { cniVersion: 'x' } }, [], ''],
  [{ 'cni.dev/valid-attachments': 5 }, [], ''],
  [{}, [], '', 'COLOR=red'],
  [{}, [], '', 'MAC'],
  // Bad VLANs.
  [{ vlan: 4095 }, [], ''],
  [{ vlan: '7' }, [], ''],
  [{ vlanTrunk: {} }, [], ''],
  [{ vlanTrunk: [{ id: 0 }] }, [], ''],
  [{ vlanTrunk: [{ minID: 5 }] }, [], ''],
  [{ vlanTrunk: [{ minID: 9, maxID: 5 }] }, [], ''],
  // Contradictions.
  [{ hairpinMode: true, promiscMode: true }, [], ''],
  [{ disableContainerInterface: true }, [], ''],
  [{ bridge: 'a-long-bridge', vlan: 100 }, [], ''],
  // Bad addresses.
  [ipam({ subnet: '10.15.20.300/24' }), [], ''],
  [ipam({ subnet: 5 }), [], ''],
  [ipam({ ranges: [[{}]] }), [], ''],
  [ipam({ rangeStart: 'x' }), [], ''],
  [ipam({ gateway: 'fd00::1' }), [], ''],
  [ipam({ routes: [{ dst: 'x' }] }), [], ''],
  [ipam({ routes: 5 }), [], ''],
  [ipam({ resolvConf: 5 }), [], ''],
  // IPAM that cannot be asked: all else goes before the error.
  [ipam({ dataDir: 5 }), lease, 'ipam.dataDir: must be a string, not 5'],
  [ipam({ type: '../x' }), lease, 'ipam.type: must be the name of a plugin, without `/`, not "../x"'],
  [ipam({ type: '..' }), lease, 'ipam.type'],
  [ipam({ type: 5 }), lease, 'ipam.type'],
  [ipam({ type: 'nowhere' }), lease, 'failed to find plugin "nowhere" in path ['],
  [{ ipam: 'host-local' }, lease, 'ipam: must be an object, not "host-local"'],
  [{ ipam: [] }, lease, 'ipam: must be an object, not []'],
  // Without IPAM nothing says that there is a lease.
  [{ ipam: undefined }, lease, ''],
  [ipam({ type: '' }), lease, ''],
  // Without these nobody knows whose things are where.
  [{ name: undefined }, all, 'missing network name'],
  [{ name: 5 }, all, 'name: must begin with'],
  [{ name: '../lab-br1' }, all, 'name: must begin with'],
  [{ cniVersion: 'x' }, all, 'failed to decode version info'],
  [{ cniVersion: '9.0.0' }, all, 'incompatible CNI versions'],
];

function tracesOn(host: Host): Trace[] {
  const looks: Record<Trace, string> = {
    veth: 'ip -o link show type veth',
    lease: 'find /var/lib/cni/networks -name "10.*"',
    masquerading: 'nft list ruleset inet | grep -w 10.15.20.2 || true',
    'spoof check': 'nft list ruleset bridge',
  };
  return all.filter((trace) => host.sh(looks[trace]) !== '');
}

/** What a DEL with a bad configuration leaves of an ADD with a good one. */
function leftBy(host: Host, bridge: string, [what, , , args]: Row, netns: string | undefined) {
  host.sh(`nft flush ruleset; rm -rf /var/lib/cni/networks
    ip -n c1 link del eth0 2>/dev/null || true; ip link del lab-br1 2>/dev/null || true`);
  add(host, bridge, { conf });
  expect(tracesOn(host)).toEqual(all);
  const outcome = call(host, bridge, 'DEL', {
    conf: { ...conf, ...what },
    env: { CNI_ARGS: args },
    ...(netns === undefined ? {} : { netns }),
  });
  return { ...outcome, left: tracesOn(host) };
}

describe.each(executables)('DEL of %s with a bad configuration', (_name, bridge) => {
  const host = shareHost('c1');

  function expectLeft(row: Row, netns?: string): void {
    const [, left, error] = row;
    const ours = leftBy(host, bridge, row, netns);
    expect(ours.left).toEqual(left);
    expect([ours.status, ours.stdout === '']).toEqual(error === '' ? [0, true] : [1, false]);
    expect(ours.stdout.replaceAll('\\"', '"')).toContain(error);
    const theirs = leftBy(host, reference, row, netns);
    expect(theirs.left).toEqual(expect.arrayContaining(ours.left));
  }

  test.each(rows)('%j: what is left is %j', (...row) => expectLeft(row));

  test.each(bridges)('%j, without a namespace: what is left is %j', (...row) => expectLeft(row, ''));

  test.each(bridges)('GC takes away as much with %j', (what) => {
    leftBy(host, bridge, [{ name: undefined }, [], ''], undefined);
    const { status, stdout } = call(host, bridge, 'GC', {
      conf: { ...conf, ...what, 'cni.dev/valid-attachments': [] },
    });
    expect([status, stdout, tracesOn(host)]).toEqual([0, '', []]);
  });

  test.each([
    [{ ipam: { type: '../x' } }, 'ipam.type'],
    [{ ipam: 5 }, 'ipam: must be an object'],
  ])('GC with %j takes away all but the lease, and fails', (what, error) => {
    leftBy(host, bridge, [{ name: undefined }, [], ''], undefined);
    const { status, stdout } = call(host, bridge, 'GC', {
      conf: { ...conf, ...what, 'cni.dev/valid-attachments': [] },
    });
    expect([status, tracesOn(host)]).toEqual([1, ['lease']]);
    expect(stdout).toContain(error);
  });
});
