import { formatDot, formatMermaid } from '../../../../cli/graph/diagram.ts';
import { measure, shorten } from '../../../../cli/graph/measure.ts';
import { formatSvg } from '../../../../cli/graph/svg.ts';
import { formatText } from '../../../../cli/graph/text.ts';
import { plainStyle } from '../../../../cli/output/terminal.ts';
import { bridge, crowded, picture, port } from './picture.ts';

const fallen = port({
  title: 'c2',
  containerID: 'c2',
  link: 'veth2',
  addresses: ['10.15.20.3/24'],
  faults: ['host veth is down'],
});
const vlan = {
  name: '10',
  gateway: 'br1.10 10.1.0.1/24',
  ports: [port({ link: 'veth3', ifname: 'net1', addresses: [] })],
};
const shown = picture([
  bridge([port(), fallen]),
  bridge([], { title: 'br1', lines: [], passage: 'routed', vlans: [vlan] }),
  bridge(
    [port({ title: 'device', link: 'eth1', containerID: '', ifname: '', addresses: [], isOthers: true })],
    {
      title: 'virbr0',
      lines: ['no CNI network'],
      passage: '',
      isOthers: true,
    },
  ),
]);

test('on a terminal it is drawn with lines', () => {
  expect(formatText(shown, 80, plainStyle)).toBe(`node-1
│
│  ┌─ eth0 (uplink) ───────┐
├──┤ 192.0.2.10/24         │
│  │ default via 192.0.2.1 │
│  └───────────────────────┘
│
│  ┌─ lab-br1 (bridge, masqueraded) ─┐
├──┤ 10.15.20.1/24                   │
│  │ network lab, 1 of 253 leased    │
│  └─┬───────────────────────────────┘
│    ├─ veth0a1b2c3d ─ default/web-0  eth0  10.15.20.2/24
│    └─ veth2        ─ c2             eth0  10.15.20.3/24  host veth is down
│
│  ┌─ br1 (bridge, routed) ─┐
└──┤                        │
   └─┬──────────────────────┘
     └─ VLAN 10, gateway br1.10 10.1.0.1/24
        └─ veth3 ─ default/web-0  net1

   ┌─ virbr0 (bridge) ─┐
   │ no CNI network    │
   └─┬─────────────────┘
     └─ eth1 ─ device
`);
});

test('without a terminal it is ASCII, of the same shape', () => {
  const text = formatText(shown, 0, plainStyle);
  expect(text).toMatch(/^[\n -~]*$/);
  const drawn = formatText(shown, 200, plainStyle).split('\n');
  expect(text.split('\n').map(({ length }) => length)).toEqual(drawn.map(({ length }) => length));
});

test.each([30, 60, 100])('no line is wider than a terminal of %i columns', (columns) => {
  for (const line of formatText(crowded(50, 3), columns, plainStyle).split('\n')) {
    expect(measure(line)).toBeLessThanOrEqual(columns);
  }
});

test('what is wrong is red, what is others’ is dim', () => {
  const style = { ...plainStyle, red: (text: string) => `<${text}>`, dim: (text: string) => `(${text})` };
  const text = formatText(shown, 80, style);
  expect(text).toContain('└─ <veth2        ─ c2             eth0  10.15.20.3/24  host veth is down>');
  expect(text).toContain('└─ (eth1 ─ device)');
});

test('Mermaid: one node for a container with two interfaces', () => {
  expect(formatMermaid(shown)).toBe(`flowchart LR
  n0{{"node-1"}}
  n1(["eth0<br>192.0.2.10/24<br>default via 192.0.2.1"])
  n2[["lab-br1<br>10.15.20.1/24<br>network lab, 1 of 253 leased"]]
  n3("default/web-0<br>eth0 10.15.20.2/24<br>net1")
  n4("c2<br>eth0 10.15.20.3/24<br>host veth is down"):::wrong
  n5[["br1"]]
  n6[/"VLAN 10<br>gateway br1.10 10.1.0.1/24"/]
  n7[["virbr0<br>no CNI network"]]:::others
  n8("device"):::others
  n1 --- n0
  n0 ---|"masqueraded"| n2
  n2 ---|"veth0a1b2c3d"| n3
  n2 ---|"veth2"| n4
  n0 ---|"routed"| n5
  n5 --- n6
  n6 ---|"veth3"| n3
  n7 ---|"eth1"| n8
  classDef wrong stroke:#cf222e,stroke-width:2px
  classDef others stroke-dasharray:4,opacity:0.6
`);
});

test('DOT has the same nodes and edges', () => {
  const text = formatDot(shown);
  expect(text).toContain('graph "node-1" {\n');
  expect(text).toContain('n3 [label="default/web-0\\neth0 10.15.20.2/24\\nnet1"');
  expect(text).toContain('n0 -- n2 [label="masqueraded"]');
  expect(text).toContain('n5 -- n6\n');
  expect(text.match(/ -- /g)).toHaveLength(8);
});

const evil = '</text><script>"\\]`#quot;&amp;%%{}|';

test('no format takes a name for its own words', () => {
  const named = picture([bridge([port({ title: evil, link: evil, ifname: evil })], { title: evil })], {
    host: evil,
  });
  const svg = formatSvg(named);
  expect(svg).not.toContain('<script>');
  expect(svg.match(/&(?!#\d+;)/)).toBeNull();
  const mermaid = formatMermaid(named);
  for (const [, text = ''] of mermaid.matchAll(/"(.*?)"/g)) {
    expect(text.replaceAll('<br>', '').replace(/#\d+;/g, '')).toMatch(/^[\w .:/,()~+-]*$/);
  }
  expect(formatDot(named)).toContain('"</text><script>\\"\\\\]`#quot;&amp;%%{}|"');
});

test('the SVG stands alone, and has all that was cut in its tips', () => {
  const long = 'kube-system/'.repeat(9);
  const svg = formatSvg(picture([bridge([port({ title: long })])]));
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 \d+ \d+"/,
  );
  expect(svg.match(/(href|src|url)\W/)).toBeNull();
  expect(svg).toContain(`<title>${long}\nc1\neth0 10.15.20.2/24\nveth0a1b2c3d</title>`);
  expect(svg).toContain('kube-system/kube-system/kube-system/kube-system…');
  expect(svg).toContain('prefers-color-scheme:dark');
});

test('a text is cut by columns, of which letters of East Asia take two', () => {
  expect(measure('世界 a')).toBe(6);
  expect(shorten('世界 a', 6)).toBe('世界 a');
  expect(shorten('世界 ab', 6)).toBe('世界 …');
  expect(shorten('世界 ab', 4)).toBe('世…');
});
