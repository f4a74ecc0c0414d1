import { statSync } from '#files';
import { libc } from '#libc';
import { attachmentOf } from '../../cni/attachment.ts';
import { type Connection, openRoute } from '../../netlink/connection.ts';
import { type CIDR, family, formatIP, parseCIDR } from '../../netlink/ip.ts';
import type { HostAddress } from '../../netlink/route/address-list.ts';
import { findLinks, type Link } from '../../netlink/route/link.ts';
import { listRoutes } from '../../netlink/route/route.ts';
import { readSysctl } from '../../netlink/sysctl.ts';
import { ownerLabel } from '../../plugin/attach/owner.ts';
import { withHost } from '../../plugin/attach/sides.ts';
import type { BridgeConfig } from '../../plugin/config/bridge-config.ts';
import { masqueraded } from '../../plugin/config/masquerade.ts';
import { lostAddressCheck } from '../../plugin/netfilter/address-check.ts';
import { isolatedOf, lostIsolation } from '../../plugin/netfilter/isolation/isolation.ts';
import { lostMasquerade } from '../../plugin/netfilter/masquerade/lost.ts';
import type { AttachmentFacts, NetworkFacts } from '../facts/facts.ts';
import { join } from '../facts/join.ts';
import { addressesInside, findNamespaces } from '../facts/namespaces.ts';
import type { HostLink, Missing } from '../facts/raw.ts';
import { type Places, Reading, readHost } from '../facts/read.ts';
import { addressesOf } from '../facts/summary.ts';
import { readAutoMtus } from './auto-mtu.ts';
import { readBarriers } from './barriers.ts';
import { readLostForward } from './forward-rules.ts';
import { sysctlsOf } from './forwarding.ts';
import { lackedBy } from './kernel.ts';
import { readOrphans } from './orphans.ts';
import { lostSettings } from './ports.ts';
import type { Patient, Sight, Ward } from './sight.ts';

/** Where runtimes and distributions keep plugins. */
const pluginDirectories = [
  '/opt/cni/bin',
  '/usr/lib/cni',
  '/usr/libexec/cni',
  '/usr/local/lib/cni',
  '/usr/local/libexec/cni',
];
/** PROC_PID_INIT_INO, linux/proc_ns.h: the first PID namespace, which all processes are seen in. */
const firstPidNamespace = 4026531836;

/** What is known of all namespaces. */
interface Namespaces {
  readonly byId: ReadonlyMap<number, string>;
  /** Whether one that has not been found is certain to be gone. */
  readonly areAll: boolean;
  readonly inside: ReadonlyMap<string, readonly HostAddress[]> | undefined;
}

function isFirstPidNamespace(): boolean {
  try {
    return statSync('/proc/self/ns/pid').ino === firstPidNamespace;
  } catch {
    return false;
  }
}

function readNamespaces(host: Connection, ids: ReadonlySet<number>, reading: Reading): Namespaces {
  const byId = reading.attempt('namespaces', () => findNamespaces(host, ids), new Map<number, string>());
  const inside = reading.attempt('addresses inside containers', () => addressesInside(host), undefined);
  // Who may enter namespaces may look at processes. A PID namespace that has none of the containers hides them all.
  const areAll = inside !== undefined && (byId.size > 0 || isFirstPidNamespace());
  if (!areAll && byId.size < ids.size) {
    reading.missing.push({
      what: 'which containers are dead',
      why: "needs root, in the host's PID namespace",
    });
  }
  return { byId, areAll, inside };
}

const isLinkLocal = (text: string): boolean => /^fe[89ab]/.test(text);

/** In which light attachments are seen. */
interface Light {
  readonly host: Connection;
  /** By their names. */
  readonly bridges: ReadonlyMap<string, Link>;
  readonly namespaces: Namespaces;
  readonly seesNetfilter: boolean;
  readonly reading: Reading;
}

/**
 * What is missing of an attachment's masquerading, in words. What iptables does of it has been read for all at once.
 * @throws NetlinkError
 */
function lostOf(
  attachment: AttachmentFacts,
  { name, config }: NetworkFacts,
  leased: readonly CIDR[],
): string | undefined {
  if (config === undefined || attachment.isMasqueradedByGo) return undefined;
  const sources = new Set(attachment.sources.map(({ address }) => address));
  const lost = masqueraded(leased, config)
    .map(({ ip }) => formatIP(ip))
    .find((address) => !sources.has(address));
  if (lost === undefined && config.ipMasqBackend !== 'nftables') return undefined;
  if (config.ipMasqBackend === 'iptables') return `masquerading of ${lost}`;
  const byNftables = { ...config, ipMasqBackend: 'nftables' } as const;
  return lostMasquerade(attachmentOf(name, attachment), leased, byNftables)?.what;
}

function patientOf(
  network: NetworkFacts,
  { attachment, veth }: { attachment: AttachmentFacts; veth: HostLink },
  { host, bridges, namespaces: { byId, areAll, inside }, seesNetfilter, reading }: Light,
): Patient {
  const id = veth.peerNamespaceId;
  const namespace = byId.get(id ?? -1);
  const isDead = areAll && id !== undefined && namespace === undefined;
  const within = (inside?.get(namespace ?? '') ?? [])
    .filter(({ index, cidr }) => index === veth.peer && !isLinkLocal(formatIP(cidr.ip)))
    .map(({ cidr }) => cidr);
  const texts = addressesOf({ leases: attachment.leases, elements: [], seen: [] }, network);
  const known = texts.flatMap((text) => parseCIDR(text) ?? []);
  const leased = known.length > 0 ? known : within;
  const { config } = network;
  const owner = attachmentOf(network.name, attachment);
  const isJudged = config !== undefined && !isDead && seesNetfilter;
  const isolation = (of: BridgeConfig) => (): string | undefined =>
    lostIsolation(isolatedOf(owner, veth.name, of))?.expected;
  const bridge = bridges.get(network.bridgeName);
  const settings = (of: BridgeConfig, on: Link) => (): readonly string[] =>
    lostSettings(host, { attachment, veth, namespace }, on, of);
  return {
    network,
    attachment,
    veth,
    namespace,
    isDead,
    addresses: within.length > 0 ? within : leased,
    leased,
    lostMasquerade:
      isJudged && config.ipMasq
        ? reading.attempt('masquerading', () => lostOf(attachment, network, leased), undefined)
        : undefined,
    hasLostSpoofCheck:
      isJudged &&
      ((config.macspoofchk && attachment.spoofCheck === '') ||
        (config.ipspoofchk &&
          reading.attempt('address checks', () => lostAddressCheck(owner, config) !== undefined, false))),
    lostIsolation:
      isJudged && config.isolate ? reading.attempt('isolation', isolation(config), undefined) : undefined,
    lostSettings:
      config === undefined || isDead || bridge === undefined
        ? []
        : reading.attempt("settings of the bridges' ports", settings(config, bridge), []),
  };
}

/** Each thing that can't be seen once. */
function each(missing: readonly Missing[]): Missing[] {
  return [...new Map(missing.map((one) => [one.what, one])).values()];
}

function look(host: Connection, places: Places): Ward {
  const reading = new Reading();
  const raw = readHost(places);
  const facts = join(raw);
  const attached = facts.networks.flatMap((network) =>
    network.attachments.flatMap((attachment) =>
      attachment.veth === undefined || attachment.ifname === ''
        ? []
        : [{ network, attachment, veth: attachment.veth }],
    ),
  );
  const ids = new Set(attached.flatMap(({ veth }) => veth.peerNamespaceId ?? []));
  const namespaces = readNamespaces(host, ids, reading);
  const names = new Set(attached.map(({ network }) => network.bridgeName));
  const found = reading.attempt('bridges', () => findLinks(host, [...names]), []);
  const bridges = new Map(found.map((link) => [link.name, link]));
  const light = { host, bridges, namespaces, seesNetfilter: raw.netfilter !== undefined, reading };
  const patients = attached.map(({ network, ...one }) => patientOf(network, one, light));
  const inside =
    namespaces.inside &&
    new Set([...namespaces.inside.values()].flatMap((list) => list.map(({ cidr }) => formatIP(cidr.ip))));
  return {
    facts,
    links: raw.links,
    addresses: raw.addresses,
    bridges,
    vlans: raw.vlans,
    patients,
    lostForward: readLostForward(patients, reading),
    orphans: readOrphans(raw, { facts, inside }, reading),
    inside,
    missing: each([...raw.missing, ...reading.missing]),
  };
}

function lacks({ isDead, attachment, hasLostSpoofCheck, ...lost }: Patient): boolean {
  const isLess = lost.lostMasquerade !== undefined || lost.lostIsolation !== undefined;
  return (
    isDead || attachment.leases.length === 0 || isLess || hasLostSpoofCheck || lost.lostSettings.length > 0
  );
}

/** The attachments that may not be as they should. */
function suspectsIn({ facts, patients }: Ward): Set<string> {
  const gone = facts.networks.flatMap(({ attachments }) =>
    attachments.filter(({ veth }) => veth === undefined),
  );
  return new Set([...gone, ...patients.filter(lacks).map(({ attachment }) => attachment)].map(ownerLabel));
}

/**
 * Looks at every container on both sides, and again where one may not be as it should: an ADD or a DEL may be at it. Who
 * is suspect in one look only is left out.
 * @throws SystemError where there is no rtnetlink
 */
export function lookAtContainers(places: Places): Ward {
  const first = withHost((host) => look(host, places));
  const suspects = suspectsIn(first);
  if (suspects.size === 0 && first.lostForward.length === 0 && first.orphans.length === 0) return first;
  const ward = withHost((host) => look(host, places));
  const isKnown = (attachment: AttachmentFacts): boolean => suspects.has(ownerLabel(attachment));
  const networks = ward.facts.networks.map((network) => ({
    ...network,
    attachments: network.attachments.filter((one) => one.veth !== undefined || isKnown(one)),
  }));
  const found = new Map(networks.map((network) => [network.name, network]));
  const patients = ward.patients
    .filter((one) => !lacks(one) || isKnown(one.attachment))
    .map((one) => ({ ...one, network: found.get(one.network.name) ?? one.network }));
  const lostForward = ward.lostForward.filter(({ config }) =>
    first.lostForward.some((one) => one.config.name === config.name),
  );
  const seen = new Set(first.orphans.flatMap(({ sources }) => sources.map(({ chain }) => chain)));
  const orphans = ward.orphans.filter(({ sources }) => sources.some(({ chain }) => seen.has(chain)));
  return { ...ward, facts: { ...ward.facts, networks }, patients, lostForward, orphans };
}

function findPlugins(): string[] {
  const { CNI_PATH = '' } = libc.environment('CNI_PATH');
  const files = new Map<string, string>();
  for (const directory of [...CNI_PATH.split(':').filter((one) => one !== ''), ...pluginDirectories]) {
    try {
      const path = `${directory}/bridge`;
      const { dev, ino } = statSync(path);
      if (!files.has(`${dev}:${ino}`)) files.set(`${dev}:${ino}`, path);
    } catch {
      // None there.
    }
  }
  return [...files.values()];
}

/** What the kernel lacks for each configuration. */
function findLacking({ facts }: Ward): Sight['lacking'] {
  return facts.networks.flatMap(({ name, config, subnets }) => {
    const words = config === undefined ? '' : lackedBy(config, subnets);
    return words === '' ? [] : [{ network: name, words }];
  });
}

/**
 * Looks at containers, and at all of the host that they rely on.
 * @throws SystemError where there is no rtnetlink
 */
export function lookAround(places: Places): Sight {
  const ward = lookAtContainers(places);
  const reading = new Reading();
  const host = openRoute();
  try {
    const names = sysctlsOf(ward.facts.networks);
    const values = names.map(
      (name) => [name, reading.attempt(name, () => readSysctl(name), undefined)] as const,
    );
    return {
      ...ward,
      routes: reading.attempt(
        'routes',
        () => [family.ipv4, family.ipv6].flatMap((of) => listRoutes(host, of)),
        [],
      ),
      barriers: reading.attempt('firewalls', readBarriers, []),
      sysctls: new Map(
        values.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
      ),
      plugins: findPlugins(),
      autoMtus: reading.attempt('MTUs', () => readAutoMtus(ward.facts.networks), new Map<string, number>()),
      lacking: reading.attempt('what the kernel can', () => findLacking(ward), []),
      missing: each([...ward.missing, ...reading.missing]),
    };
  } finally {
    host.close();
  }
}
