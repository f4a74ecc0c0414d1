import { libc } from '#libc';
import { decodeText } from '../../netlink/bytes.ts';
import { type CIDR, formatCIDR, parseCIDR, subnetOf } from '../../netlink/ip.ts';
import { findProgram } from '../try/inside.ts';

/** How long kubectl may wait for the API server, in milliseconds. */
const patience = 60_000;

/**
 * Subnets for a node's pods from a list: `10.244.1.0/24,fd00:1::/64`, a JSON list, or separated by white space. Host bits
 * are cleared: flannel writes the gateway's address.
 * @param from what errors say of where they come from
 * @throws Error if there is none, more than one of a family, or something else
 */
export function parsePodCIDRs(list: string, from: string): CIDR[] {
  const words = list.split(/[\s,"'[\]]+/).filter((word) => word !== '');
  const subnets = words.map((word) => {
    const cidr = parseCIDR(word);
    if (cidr === undefined) throw new Error(`${from}: "${word}" is not a subnet such as 10.244.1.0/24`);
    return subnetOf(cidr);
  });
  if (subnets.length === 0) throw new Error(`${from}: there is no pod CIDR`);
  if (new Set(subnets.map(({ ip }) => ip.family)).size < subnets.length)
    throw new Error(`${from}: more than one subnet of a family: ${subnets.map(formatCIDR).join(', ')}`);
  return subnets;
}

/**
 * The same from a file of the node: flannel's subnet.env, the kubelet's configuration, or a list.
 * @throws Error like {@link parsePodCIDRs}
 */
export function podCIDRsIn(text: string, file: string): CIDR[] {
  const flannel = [...text.matchAll(/^FLANNEL_(?:IPV6_)?SUBNET=(.*)$/gm)];
  const kubelet = /^\s*"?podCIDR"?:(.*)$/m.exec(text);
  const found = flannel.length > 0 ? flannel.map(([, value = '']) => value).join(' ') : kubelet?.[1];
  return parsePodCIDRs(found ?? text, file);
}

/**
 * The same from the API server, which kubectl is asked to ask: there is no TLS here.
 * @throws Error also if kubectl is missing or fails, with its words
 */
export function podCIDRsOfNode(node: string): CIDR[] {
  const file = findProgram('kubectl');
  if (file === undefined) throw new Error('--node needs kubectl, which is not in PATH');
  const { status, signal, stdout, stderr } = libc.run({
    file,
    args: ['get', 'node', node, '--output=jsonpath={.spec.podCIDRs}'],
    stdin: new Uint8Array(),
    outputLimit: 65536,
    milliseconds: patience,
    stderr: 'capture',
  });
  if (status !== 0) {
    const words = decodeText(stderr).trim();
    throw new Error(
      `kubectl get node ${node}: ${words === '' ? (signal ?? `exit status ${status}`) : words}`,
    );
  }
  const text = decodeText(stdout).trim();
  if (text === '')
    throw new Error(
      `node ${node} has no pod CIDR: the controller manager gives them with --allocate-node-cidrs and --cluster-cidr`,
    );
  return parsePodCIDRs(text, `node ${node}`);
}
