import type { Host } from '../support/host.ts';
import { type Facts, flatten } from './facts.ts';
import { netfilterFacts } from './netfilter.ts';
import type { Roles } from './roles.ts';

/** Prints a network namespace's state: lines that say what follows, each with a command's output. */
const namespaceReport = (name: string) => `
  section() { echo "@ ${name} $*"; }
  section link; ip -j -d addr
  for family in 4 6; do
    section IPv$family
    printf "route show table all\\nrule\\n" | ip -j -$family -batch -
  done
  section sysctl
  grep -rs "" /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward || true`;

const hostReport = `${namespaceReport('host')}
  section vlan; bridge -j vlan
  section fdb; bridge -j fdb
  section nft; nft -s -n list ruleset 2>/dev/null || true
  section iptables
  for family in ip ip6; do
    $\{family}tables-nft-save 2>/dev/null || true
    if [ -s /proc/net/$\{family}_tables_names ]; then $\{family}tables-legacy-save; fi
  done
  echo "@ leases file"
  cd /var/lib/cni && find . -type f -printf "%M %P\\n"
  echo "@ leases content"
  find . -type f -exec grep -HsZ "" {} + || true`;

/**
 * The state of a host and its containers as facts, with roles in place of random names and addresses.
 * @param containers names of network namespaces; one that is gone is left out
 * @param literally whether to compare iptables' rules literally
 */
export function kernelFacts(
  host: Host,
  containers: readonly string[],
  roles: Roles,
  literally: boolean,
): Facts {
  const report = host.sh(
    [
      'set -e',
      `(${hostReport})`,
      ...containers.map(
        (name) => `[ ! -e /run/netns/${name} ] || ip netns exec ${name} sh -ec '${namespaceReport(name)}'`,
      ),
    ].join('\n'),
  );
  const facts: Facts = {};
  let ruleset = '';
  for (const section of roles(report).split(/^@ /m).slice(1)) {
    const [head = '', ...lines] = section.split('\n');
    const [place = '', what = ''] = head.split(' ');
    const body = lines.join('\n').trim();
    if (what === 'nft') ruleset = body;
    else if (what === 'iptables') Object.assign(facts, netfilterFacts(ruleset, body, literally));
    else if (what === 'sysctl') Object.assign(facts, sysctls(place, lines));
    else if (what === 'file') Object.assign(facts, files(lines));
    else if (what === 'content') Object.assign(facts, contents(lines));
    else for (const item of items(body)) Object.assign(facts, factsOf(place, what, item));
  }
  return facts;
}

type Item = Record<string, unknown>;

/** The items of lists in JSON, one a line. */
function items(json: string): Item[] {
  return json.split('\n').flatMap((line): Item[] => (line === '' ? [] : JSON.parse(line)));
}

/** What the kernel sets and changes by itself, and what other facts contain. */
const volatileKeys = new Set([
  ...['ifindex', 'link_index', 'link_netnsid', 'ifname', 'addr_info', 'operstate', 'tso_max_size'],
  ...[
    'root_id',
    'bridge_id',
    'id',
    'no',
    'designated_port',
    'topology_change',
    'topology_change_detected',
    'topology_change_ack',
  ],
  ...['valid_life_time', 'preferred_life_time', 'pref', 'expires', 'config_pending', 'tentative'],
]);

function isVolatile(key: string): boolean {
  return volatileKeys.has(key) || key.endsWith('_timer');
}

function text(item: Item, keys: readonly string[]): string {
  return keys.flatMap((key) => (item[key] === undefined ? [] : [String(item[key])])).join(' ');
}

function factsOf(place: string, what: string, item: Item): Facts {
  if (what === 'link') return linkFacts(place, item);
  if (what.startsWith('IPv'))
    return 'src' in item ? ruleFacts(place, what, item) : routeFacts(place, what, item);
  if (what === 'vlan') {
    const vlans: Item[] = Array.isArray(item.vlans) ? item.vlans : [];
    return Object.assign(
      {},
      ...vlans.map(({ vlan, vlanEnd = vlan, flags }) => ({
        [`${place} vlan of ${item.ifname} ${vlan}-${vlanEnd}`]: String(flags ?? 'tagged'),
      })),
    );
  }
  // Learned addresses and multicast groups come and go.
  if (item.state !== 'permanent' || /^(33:33|01:00)/.test(String(item.mac))) return {};
  return { [`${place} fdb ${text(item, ['mac', 'ifname', 'vlan'])}`]: text(item, ['state', 'master']) };
}

/** Flags that follow the carrier are left out. */
const carrierFlags = new Set(['LOWER_UP', 'NO-CARRIER', 'M-DOWN', 'linkdown']);

function linkFacts(place: string, item: Item): Facts {
  const path = `${place} link ${item.ifname}`;
  const flags = Array.isArray(item.flags) ? item.flags.filter((flag) => !carrierFlags.has(String(flag))) : [];
  const facts = flatten(path, { ...item, flags: flags.join(',') }, isVolatile);
  const addresses: Item[] = Array.isArray(item.addr_info) ? item.addr_info : [];
  for (const { local, prefixlen, family: _family, ...rest } of addresses) {
    // Each IPv6 link has one derived from its MAC address.
    if (rest.scope === 'link' && String(local).startsWith('fe80:')) continue;
    const where = `${place} address ${local}/${prefixlen} on ${item.ifname}`;
    Object.assign(facts, { [where]: 'there' }, flatten(where, rest, isVolatile));
  }
  return facts;
}

function ruleFacts(place: string, what: string, item: Item): Facts {
  return { [`${place} ${what} rule ${JSON.stringify(item)}`]: 'there' };
}

function routeFacts(place: string, what: string, item: Item): Facts {
  const { type, dst, table, metric, dev, flags, ...rest } = item;
  // Each link has those of link-local and multicast addresses; those to its own address appear when it is usable.
  if (/^(fe80:|ff00::)/.test(String(dst)) || (what === 'IPv6' && table === 'local')) return {};
  const key = text({ type, dst, table, metric }, ['type', 'dst', 'table', 'metric']);
  const path = `${place} ${what} route ${key} dev ${dev ?? 'several'}`;
  const settled = Array.isArray(flags) ? flags.filter((flag) => !carrierFlags.has(String(flag))) : flags;
  return { [path]: 'there', ...flatten(path, { ...rest, flags: String(settled) }, isVolatile) };
}

function sysctls(place: string, lines: readonly string[]): Facts {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^\/proc\/sys\/net\/([^:]+):(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[`${place} sysctl ${name}`, value]];
    }),
  );
}

function files(lines: readonly string[]): Facts {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, mode, name] = /^(\S+) (\S+)$/.exec(line) ?? [];
      return mode === undefined || name === undefined ? [] : [[`leases ${name} mode`, mode]];
    }),
  );
}

/** Each line of each file, with the carriage returns that leases have shown as `\\r`. */
function contents(lines: readonly string[]): Facts {
  const facts: Facts = {};
  for (const line of lines) {
    // grep -Z ends the file's name with a zero byte, since an IPv6 address contains colons.
    const [name, content] = line.split('\0');
    if (name === undefined || content === undefined) continue;
    const path = `leases ${name.slice(2)} content`;
    const before = facts[path];
    facts[path] = `${before === undefined ? '' : `${before}\\n`}${content.replace('\r', '\\r')}`;
  }
  return facts;
}
