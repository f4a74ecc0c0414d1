/** A host on which a script runs; see host.ts. */
interface Shell {
  sh(script: string): string;
}

/**
 * Everything that a plugin may change on a host and in its containers, as text that is the same before an ADD and after
 * its DEL. What varies by itself is left out: indices, handles, counters, timers, a link's carrier, and the link-local
 * addresses that come and go as links settle.
 * @param containers names of network namespaces
 */
export function snapshot(host: Shell, containers: readonly string[]): string {
  const report = host.sh(
    [
      'set -e',
      `(${networkReport})`,
      ...containers.map(
        (name) => `echo '# container ${name}'; ip netns exec ${name} sh -c '${networkReport}'`,
      ),
      `(${leaseReport})`,
    ].join('\n'),
  );
  return report.split('\n').map(settled).filter(Boolean).join('\n');
}

/** The whole lease directory, including the lock and the round robin's place, which snapshots leave out. */
export function leaseDirectory(host: Shell): string {
  return host.sh(
    'cd /var/lib/cni && find . -mindepth 1 -printf "%M %p\\n" | sort; find . -type f -exec grep -H "" {} + | sort',
  );
}

/** For a network namespace. JSON is one line for each command; iptables runs only if it has tables. */
const networkReport = `
  set -e
  ip -j -d addr; for family in -4 -6; do ip -j $family route show table all; ip -j $family rule; done
  bridge -j vlan show
  nft -j list ruleset
  for family in ip ip6; do
    if [ -s /proc/net/$\{family}_tables_names ]; then $\{family}tables-legacy-save; fi
  done
  cd /proc/sys/net
  grep -s "" ipv4/ip_forward ipv4/conf/*/forwarding ipv4/conf/*/arp_notify ipv4/conf/*/route_localnet || true
  grep -s "" ipv6/conf/*/forwarding ipv6/conf/*/accept_ra ipv6/conf/*/accept_dad ipv6/conf/*/disable_ipv6 || true`;

/** The round robin's place moves on with every lease; the index records others' leases, and its sums. */
const leaseReport = `
  cd /var/lib/cni
  find . -type f ! -name "last_reserved_ip.*" ! -name lock ! -name "*.seen-*" ! -name sums -printf "%M %p\\n" -exec grep -H "" {} + | sort`;

/** One line of a report without what varies by itself. */
function settled(line: string): string {
  if (line.startsWith('[') || line.startsWith('{')) {
    const value: unknown = JSON.parse(line, steady);
    return Array.isArray(value) ? value.filter(isOurs).map(text).sort().join('\n') : text(value);
  }
  return line.startsWith('# Generated') || line.startsWith('# Completed')
    ? ''
    : line.replace(/\[\d+:\d+\]/, '');
}

function text(value: unknown): string {
  return JSON.stringify(value, undefined, 1);
}

const volatileKeys = new Set([
  'ifindex',
  'link_index',
  'link_netnsid',
  'operstate',
  'handle',
  'packets',
  'bytes',
  'metainfo',
  'valid_life_time',
  'preferred_life_time',
  'tentative',
  'dadfailed',
  'pref',
  'hello_timer',
  'tcn_timer',
  'topology_change_timer',
  'gc_timer',
  'tso_max_size',
  'forward_delay_timer',
  'hold_timer',
  'message_age_timer',
  'state',
]);

/** For JSON.parse: drops what is volatile, and the flags of links and routes that follow the carrier. */
function steady(key: string, value: unknown): unknown {
  if (volatileKeys.has(key)) return undefined;
  // A link gets its queue when it is first up; nobody can undo that.
  if (key === 'qdisc' && value === 'noop') return 'noqueue';
  if (key === 'flags' && Array.isArray(value)) {
    return value.filter((flag) => !['LOWER_UP', 'NO-CARRIER', 'M-DOWN', 'linkdown'].includes(String(flag)));
  }
  if (key === 'addr_info' && Array.isArray(value)) return value.filter(isOurs);
  return value;
}

/** Whether somebody added a route or an address, rather than the kernel, which gives some to each IPv6 link. */
function isOurs(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return true;
  const place = 'dst' in item ? item.dst : 'local' in item ? item.local : '';
  return !/^(fe80:|ff00::\/8|multicast ff00::)/.test(String(place));
}
