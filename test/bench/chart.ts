import * as echarts from 'echarts';
import { burstRow } from './calls.ts';
import { connectionRow } from './connections.ts';
import type { Contender } from './contender.ts';
import type { Key, Row } from './row.ts';
import { median } from './statistics.ts';

const colors: Record<Key, string> = { bridge: '#0b7a75', pkg: '#8cc5c1', go: '#c8553d', 'go-nft': '#e9b49f' };
const width = 960;
const height = 800;

/** Single calls, top down. */
const calls = [
  'VERSION',
  'ADD, no masquerade',
  'ADD, masquerade',
  'ADD, masquerade, IPv4 and IPv6',
  'ADD, masquerade, makes the bridge',
  'CHECK, masquerade',
  'DEL, no masquerade',
  'DEL, masquerade',
  'DEL, masquerade, IPv4 and IPv6',
];
const burstRows = [burstRow('ADD', 16), burstRow('DEL', 16)];
const connectionRows = [connectionRow(1), connectionRow(100), connectionRow(1000)];

/** A part of the chart: rows as groups of bars, each bar a contender's median. */
interface Panel {
  readonly title: string;
  readonly rows: readonly string[];
  readonly names: readonly string[];
  readonly scale: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const panels: readonly Panel[] = [
  {
    title: 'One call, exec to exit: milliseconds, shorter is better',
    rows: calls,
    names: calls.map((title) =>
      title
        .replace(', masquerade, ', ', masquerade,\n')
        .replace(/^(\w+), (no masquerade|masquerade)$/, '$1, $2'),
    ),
    scale: 1,
    left: 150,
    top: 96,
    width: 350,
    height: 650,
  },
  {
    title: '100 calls, 16 at a time: seconds, shorter is better',
    rows: burstRows,
    names: ['ADD', 'DEL'],
    scale: 1 / 1000,
    left: 620,
    top: 96,
    width: 290,
    height: 230,
  },
  {
    title: 'New TCP connections per second, longer is better',
    rows: connectionRows,
    names: ['1 other\nattached', '100', '1,000'],
    scale: 1,
    left: 620,
    top: 420,
    width: 290,
    height: 326,
  },
];

function label(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/** Draws the medians of a run as SVG; rows that the run has not are left out. */
export function chart(contenders: readonly Contender[], rows: readonly Row[], note: string): string {
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  const samplesOf = (title: string) => rows.find((row) => row.title === title)?.samples ?? {};
  instance.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, DejaVu Sans, sans-serif' },
    color: contenders.map(({ key }) => colors[key]),
    legend: { top: 12, left: 'center', data: contenders.map(({ title }) => title), itemGap: 24 },
    title: [
      ...panels.map(({ title, left, top }) => ({
        text: title,
        left: left === 150 ? 20 : left - 70,
        top: top - 36,
        textStyle: { fontSize: 14, color: '#222' },
      })),
      {
        text: note,
        left: 20,
        top: height - 26,
        textStyle: { fontSize: 11, fontWeight: 'normal', color: '#555' },
      },
    ],
    grid: panels.map(({ left, top, width, height }) => ({ left, top, width, height })),
    xAxis: panels.map((_, gridIndex) => ({
      type: 'value',
      gridIndex,
      min: 0,
      axisLabel: { color: '#555', hideOverlap: true },
      splitLine: { lineStyle: { color: '#e5e5e5' } },
    })),
    yAxis: panels.map(({ names }, gridIndex) => ({
      type: 'category',
      gridIndex,
      inverse: true,
      data: [...names],
      axisTick: { show: false },
      axisLabel: { color: '#222', fontSize: 12 },
    })),
    series: panels.flatMap(({ rows: titles, scale }, index) =>
      contenders
        .filter(({ key }) => titles.some((row) => samplesOf(row)[key] !== undefined))
        .map(({ key, title }) => ({
          type: 'bar' as const,
          name: title,
          xAxisIndex: index,
          yAxisIndex: index,
          barGap: '8%',
          barCategoryGap: '24%',
          itemStyle: { color: colors[key] },
          label: {
            show: true,
            position: 'right' as const,
            fontSize: 10,
            color: '#333',
            formatter: ({ value }: { value?: unknown }) => (typeof value === 'number' ? label(value) : ''),
          },
          data: titles.map((row) => {
            const samples = samplesOf(row)[key];
            return samples === undefined ? '-' : median(samples) * scale;
          }),
        })),
    ),
  });
  const svg = instance.renderToSVGString();
  instance.dispose();
  return svg;
}
