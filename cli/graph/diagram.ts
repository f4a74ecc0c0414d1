import { type Box, type Picture, portLines, vlanLines } from './picture.ts';

/** What a node stands for. */
type Kind = 'uplink' | 'host' | 'bridge' | 'vlan' | 'container';

interface Node extends Pick<Box, 'isOthers' | 'faults'> {
  readonly id: string;
  readonly kind: Kind;
  readonly lines: string[];
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** Nodes and edges: what documents have drawn by a program of their own. A container is one node, however many interfaces. */
class Diagram {
  readonly nodes: Node[] = [];
  readonly edges: Edge[] = [];
  private readonly containers = new Map<string, Node>();

  constructor({ host, uplinks, bridges }: Picture) {
    const root = this.add('host', { title: host, lines: [], faults: [], isOthers: false });
    for (const uplink of uplinks) this.join(this.add('uplink', uplink), root, '');
    for (const bridge of bridges) {
      const node = this.add('bridge', bridge);
      if (bridge.passage !== '') this.join(root, node, bridge.passage);
      for (const vlan of bridge.vlans) {
        const [title = '', ...lines] = vlanLines(vlan);
        const above = vlan.name === '' ? node : this.add('vlan', { ...bridge, title, lines, faults: [] });
        if (above !== node) this.join(node, above, '');
        for (const port of vlan.ports) {
          const box = { ...port, lines: portLines(port) };
          this.join(above, this.container(box, port.containerID), port.link);
        }
      }
    }
  }

  private add(kind: Kind, { title, lines, faults, isOthers }: Box): Node {
    const node = { id: `n${this.nodes.length}`, kind, lines: [title, ...lines], faults, isOthers };
    this.nodes.push(node);
    return node;
  }

  private container(box: Box, containerID: string): Node {
    const known = containerID === '' ? undefined : this.containers.get(containerID);
    if (known !== undefined) {
      known.lines.push(...box.lines);
      return known;
    }
    const node = this.add('container', box);
    this.containers.set(containerID, node);
    return node;
  }

  private join({ id: from }: Node, { id: to }: Node, label: string): void {
    this.edges.push({ from, to, label });
  }
}

/** Opens and closes a node's text in Mermaid. */
const brackets: Readonly<Record<Kind, readonly [string, string]>> = {
  uplink: ['([', '])'],
  host: ['{{', '}}'],
  bridge: ['[[', ']]'],
  vlan: ['[/', '/]'],
  container: ['(', ')'],
};

/** Text in quotes: what Mermaid or the browser could take for their own is written as its number. */
function mermaidText(lines: readonly string[]): string {
  const written = (line: string): string =>
    line.replace(/[^\w .:/,()~+-]/gu, (letter) => `#${letter.codePointAt(0)};`);
  return `"${lines.map(written).join('<br>')}"`;
}

/** The picture as a Mermaid flowchart. */
export function formatMermaid(picture: Picture): string {
  const { nodes, edges } = new Diagram(picture);
  const node = ({ id, kind, lines, faults, isOthers }: Node): string => {
    const [open, close] = brackets[kind];
    const look = faults.length > 0 ? ':::wrong' : isOthers ? ':::others' : '';
    return `  ${id}${open}${mermaidText([...lines, ...faults])}${close}${look}\n`;
  };
  const edge = ({ from, to, label }: Edge): string =>
    `  ${from} ---${label === '' ? '' : `|${mermaidText([label])}|`} ${to}\n`;
  return [
    'flowchart LR\n',
    ...nodes.map(node),
    ...edges.map(edge),
    '  classDef wrong stroke:#cf222e,stroke-width:2px\n',
    '  classDef others stroke-dasharray:4,opacity:0.6\n',
  ].join('');
}

const dotLooks: Readonly<Record<Kind, string>> = {
  uplink: 'fillcolor="#dafbe1"',
  host: 'shape=hexagon fillcolor="#eff2f5"',
  bridge: 'fillcolor="#ddf4ff" penwidth=2',
  vlan: 'fillcolor="#f3e8ff"',
  container: 'fillcolor="#ffffff"',
};

function dotText(lines: readonly string[]): string {
  return `"${lines.map((line) => line.replace(/[\\"]/g, '\\$&')).join('\\n')}"`;
}

/** The picture as a graph for Graphviz. */
export function formatDot(picture: Picture): string {
  const { nodes, edges } = new Diagram(picture);
  const node = ({ id, kind, lines, faults, isOthers }: Node): string => {
    const style = isOthers ? ' style="rounded,dashed" fontcolor="#59636e"' : '';
    const colour = faults.length > 0 ? ' color="#cf222e"' : '';
    return `  ${id} [label=${dotText([...lines, ...faults])} ${dotLooks[kind]}${style}${colour}]\n`;
  };
  const edge = ({ from, to, label }: Edge): string =>
    `  ${from} -- ${to}${label === '' ? '' : ` [label=${dotText([label])}]`}\n`;
  return [
    `graph ${dotText([picture.host])} {\n`,
    '  rankdir=LR ranksep=1 nodesep=0.15\n',
    '  node [shape=box style="rounded,filled" fontname="monospace" fontsize=10]\n',
    '  edge [fontname="monospace" fontsize=8 color="#8c959f"]\n',
    ...nodes.map(node),
    ...edges.map(edge),
    '}\n',
  ].join('');
}
