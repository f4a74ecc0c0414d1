import { kindOf, type Line, type Placed } from './boxes.ts';
import { layOut } from './layout.ts';
import type { Picture } from './picture.ts';

/** Colours on a light background, and on a dark one. */
const light = `svg{background:#fff}.ground{fill:#fff}text{fill:#1f2328}.dim,.kind,.caption{fill:#59636e}.fault{fill:#cf222e}
.wire{stroke:#8c959f}.host rect{fill:#eff2f5;stroke:#8c959f}.uplink rect{fill:#dafbe1;stroke:#1a7f37}
.bridge rect{fill:#ddf4ff;stroke:#0969da}.vlan rect{fill:#fbefff;stroke:#8250df}.card rect{fill:#fff;stroke:#d1d9e0}
.frame rect{fill:#f6f8fa;stroke:#d1d9e0}.wrong rect{fill:#ffebe9;stroke:#cf222e}`;
const dark = `svg{background:#0d1117}.ground{fill:#0d1117}text{fill:#f0f6fc}.dim,.kind,.caption{fill:#9198a1}.fault{fill:#ff7b72}
.wire{stroke:#656c76}.host rect{fill:#212830;stroke:#656c76}.uplink rect{fill:#12261e;stroke:#3fb950}
.bridge rect{fill:#121d2f;stroke:#4493f8}.vlan rect{fill:#241b36;stroke:#ab7df8}.card rect{fill:#0d1117;stroke:#3d444d}
.frame rect{fill:#151b23;stroke:#3d444d}.wrong rect{fill:#25171c;stroke:#f85149}`;
const shared = `text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre}
.title{font-size:13px;font-weight:600}.kind{text-anchor:end}.kind,.caption{font-size:11px}.wire{fill:none;stroke-width:1.5}
.others{opacity:.75}.others rect{stroke-dasharray:4 3;fill:none!important;stroke:#8c959f!important}`;

/** Printable text for XML; what XML can't hold at all becomes U+FFFD. */
function escapeXml(text: string): string {
  return text
    .replace(/[\ud800-\udfff\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function lineOf({ text, look }: Line, x: number, y: number): string {
  return `<text class="${look}" x="${x}" y="${y}">${escapeXml(text)}</text>`;
}

function boxOf(box: Placed): string {
  const { x, y, width, height, look, lines, isOthers, isWrong, tip } = box;
  const classes = [look, ...(isOthers ? ['others'] : []), ...(isWrong ? ['wrong'] : [])].join(' ');
  const title = tip === '' ? '' : `<title>${escapeXml(tip)}</title>`;
  const texts = lines.map((line, at) => lineOf(line, x + 14, y + 21 + 18 * at)).join('');
  const kind = kindOf(box);
  const right = kind === '' ? '' : `<text class="kind" x="${x + width - 14}" y="${y + 21}">${kind}</text>`;
  return `<g class="${classes}">${title}<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>${texts}${right}</g>\n`;
}

/** The picture as an SVG that stands alone: fonts and colours of the reader's system, light or dark. */
export function formatSvg(picture: Picture): string {
  const { width, height, boxes, wires, captions } = layOut(picture);
  const name = escapeXml(`Networks of ${picture.host}`);
  const path = wires.map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`).join('');
  const isFrame = ({ look }: Placed): boolean => look === 'frame';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}">\n`,
    `<title>${name}</title>\n`,
    `<style>\n${shared}\n${light}\n@media(prefers-color-scheme:dark){${dark}}\n</style>\n`,
    `<rect class="ground" width="${width}" height="${height}"/>\n`,
    ...boxes.filter(isFrame).map(boxOf),
    `<path class="wire" d="${path}"/>\n`,
    ...boxes.filter((box) => !isFrame(box)).map(boxOf),
    ...captions.map(
      ({ x, y, text }) => `<text class="caption" x="${x}" y="${y}">${escapeXml(text)}</text>\n`,
    ),
    '</svg>\n',
  ].join('');
}
