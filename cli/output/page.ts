import { IFF_UP } from '../../netlink/linux/if.ts';
import type { LinkCounters } from '../../netlink/route/link-counters.ts';
import type { LiveRoute } from '../../netlink/route/route.ts';
import { goTable } from '../../plugin/netfilter/masquerade/go-nftables.ts';
import type { Details } from '../facts/details.ts';
import type { AttachmentFacts, NetworkFacts } from '../facts/facts.ts';
import { addressesOf, formatLeases, formatVlans, grouped, sinceOf } from '../facts/summary.ts';
import { formatFields } from './table.ts';
import { printable, type Style } from './terminal.ts';
import { ago, timestamp } from './time.ts';

type Field = readonly [name: string, value: string | readonly string[] | undefined];

/** A section's heading and its lines; nothing where all are empty. */
function section(heading: string, fields: readonly Field[], style: Style): string {
  const text = formatFields(fields, style, '  ');
  return text === '' ? '' : `\n${style.bold(heading)}\n${text}`;
}

function traffic(packets: number, bytes: number, dropped: number, errors: number): string {
  const bad = [
    dropped > 0 ? `${grouped(dropped)} dropped` : '',
    errors > 0 ? `${grouped(errors)} errors` : '',
  ];
  return [`${grouped(packets)} packets`, `${grouped(bytes)} bytes`, ...bad]
    .filter((one) => one !== '')
    .join(', ');
}

function counterFields(counters: LinkCounters | undefined): Field[] {
  if (counters === undefined) return [];
  const { rxPackets, rxBytes, rxDropped, rxErrors, txPackets, txBytes, txDropped, txErrors } = counters;
  return [
    ['sent', `${traffic(rxPackets, rxBytes, rxDropped, rxErrors)} from the container`],
    ['received', `${traffic(txPackets, txBytes, txDropped, txErrors)} by the container`],
  ];
}

/** A route as `ip route` has it. */
export function formatRoute({ dst, gateways, table, priority, mtu, advmss }: LiveRoute): string {
  const main = 254;
  return [
    dst === '0.0.0.0/0' || dst === '::/0' ? 'default' : dst,
    ...gateways.map((gateway) => `via ${gateway}`),
    ...(priority === 0 ? [] : [`metric ${priority}`]),
    ...(mtu === 0 ? [] : [`mtu ${mtu}`]),
    ...(advmss === 0 ? [] : [`advmss ${advmss}`]),
    ...(table === main ? [] : [`table ${table}`]),
  ].join(' ');
}

function time(at: number, now: number): string {
  return `${timestamp(at)} (${ago(at, now)} ago)`;
}

function headFields(attachment: AttachmentFacts, network: NetworkFacts, style: Style, now: number): Field[] {
  const { containerID, pod, faults } = attachment;
  const since = sinceOf(attachment);
  const files = network.files.length === 0 ? '' : `  (${network.files.join(', ')})`;
  return [
    ['container', printable(containerID) || '?'],
    ['pod', printable(pod)],
    ['network', printable(`${network.name}${files}`)],
    ['addresses', addressesOf(attachment, network)],
    ['since', since === undefined ? undefined : time(since, now)],
    ['state', faults.length === 0 ? style.green('ok') : faults.map((fault) => style.red(printable(fault)))],
  ];
}

function hostFields({ veth, bridge, vlans }: AttachmentFacts, { counters }: Details): Field[] {
  if (veth === undefined) return [];
  const state = veth.up ? (veth.operational ? 'up' : 'up, but nobody at the other end') : 'down';
  return [
    ['veth', `${veth.name}, index ${veth.index}${bridge === '' ? '' : `, a port of ${bridge}`}`],
    ['state', state],
    ['MAC', veth.mac],
    ['MTU', String(veth.mtu)],
    ['VLAN', formatVlans(vlans)],
    ...counterFields(counters),
  ];
}

function insideFields({ inside, namespace, processes, fault }: Details, style: Style): Field[] {
  const own: Field[] =
    inside === undefined
      ? []
      : [
          ['interface', `${inside.link.name}, index ${inside.link.index}`],
          ['state', (inside.link.flags & IFF_UP) === 0 ? 'down' : 'up'],
          ['MAC', inside.link.mac],
          ['MTU', String(inside.link.mtu)],
          ['addresses', inside.addresses],
          ['routes', inside.routes.map(formatRoute)],
        ];
  return [
    ['namespace', namespace],
    ...own,
    ['processes', processes.map(({ pid, name }) => `${pid} ${printable(name)}`)],
    ['not seen', fault === '' ? undefined : style.yellow(fault)],
  ];
}

function keptFields(
  { leases, elements, sources, isMasqueradedByGo, spoofCheck }: AttachmentFacts,
  { table }: NetworkFacts,
  now: number,
): Field[] {
  const byIptables = sources.map(
    ({ address, chain, by }) =>
      `${address} by ${by === 'iptables-legacy' ? 'legacy iptables' : 'iptables'}, chain ${chain}`,
  );
  return [
    ['lease', leases.map(({ file, time: at }) => `${printable(file)}, ${time(at, now)}`)],
    [
      'masquerade',
      [
        ...elements.map(({ address, chain }) => `${address} in ${table}, chain ${chain}`),
        ...byIptables,
        ...(isMasqueradedByGo ? [`by the Go plugin, in table inet ${goTable.name}`] : []),
      ],
    ],
    ['spoof check', spoofCheck === '' ? undefined : printable(`table bridge nat, chain ${spoofCheck}`)],
  ];
}

/** All that is known of an attachment, in one page. @param now milliseconds since 1970 */
export function formatAttachment(
  { attachment, network, details }: { attachment: AttachmentFacts; network: NetworkFacts; details: Details },
  style: Style,
  now: number,
): string {
  return [
    formatFields(headFields(attachment, network, style, now), style),
    section('on the host', hostFields(attachment, details), style),
    section('in the container', insideFields(details, style), style),
    section('kept for it', keptFields(attachment, network, now), style),
  ].join('');
}

/** Whether a network is masqueraded, and by what. */
function masqueradingOf({ masquerades, table, attachments }: NetworkFacts): string | undefined {
  if (masquerades === undefined) return undefined;
  if (!masquerades) return 'no';
  const by = new Set(attachments.flatMap(({ sources }) => sources.map((source) => source.by)));
  const isByGo = attachments.some(({ isMasqueradedByGo }) => isMasqueradedByGo);
  const words = [
    ...(table === '' ? [] : [`nftables table ${table}`]),
    ...by,
    ...(isByGo ? ['the Go plugin'] : []),
  ];
  return ['yes', ...words].join(', ');
}

/** All that is known of a network but its attachments. */
export function formatNetwork(network: NetworkFacts, style: Style): string {
  const { bridge, faults, config } = network;
  const bridgeWords =
    bridge === undefined ? `${network.bridgeName}, not there` : `${bridge.name}, index ${bridge.index}`;
  return formatFields(
    [
      ['network', printable(network.name)],
      ['configuration', network.files.map(printable)],
      ['bridge', network.bridgeName === '' ? 'not known' : bridgeWords],
      ['state', bridge === undefined ? undefined : bridge.up ? 'up' : style.red('down')],
      ['MAC', bridge?.mac],
      ['MTU', bridge === undefined ? undefined : String(bridge.mtu)],
      ['addresses', network.bridgeAddresses],
      ['subnets', network.subnets],
      ['gateway', network.gateways],
      ['masquerades', masqueradingOf(network)],
      ['MACs checked', config === undefined ? undefined : config.macspoofchk ? 'yes' : 'no'],
      ['leases', formatLeases(network)],
      ['directory', network.directories.map(printable)],
      ['attachments', grouped(network.attachments.length)],
      ['wrong', faults.map((fault) => style.red(printable(fault)))],
    ],
    style,
  );
}
