import * as echarts from 'echarts';
import { burstRow } from './calls.ts';
import { connectionRow } from './connections.ts';
import type { Contender } from './contender.ts';
import type { Key, Row } from './row.ts';
import { median } from './statistics.ts';

const colors: Record<Key, string> = {
  bridge: '#0b7a75',
  floor: '#111111',
  pkg: '#8cc5c1',
  go: '#c8553d',
  'go-nft': '#e9b49f',
};
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

type Contenders = readonly Contender[];
/** The median of a contender in a row. */
type MedianOf = (title: string, key: Key) => number | undefined;

/** Draws a run's medians as SVG; rows that the run doesn't have are left out. */
export function chart(contenders: Contenders, rows: readonly Row[], note: string): string {
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  const medianOf: MedianOf = (title, key) => {
    const samples = rows.find((row) => row.title === title)?.samples[key];
    return samples === undefined ? undefined : median(samples);
  };
  const series = panels.flatMap((panel, index) =>
    contenders
      .filter(({ key }) => panel.rows.some((row) => medianOf(row, key) !== undefined))
      .map((contender) =>
        contender.key === 'floor'
          ? ticks(contender, panel, index, medianOf)
          : bars(contender, panel, index, medianOf),
      ),
  );
  instance.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, DejaVu Sans, sans-serif' },
    color: contenders.map(({ key }) => colors[key]),
    legend: { top: 12, left: 'center', data: [...new Set(series.map(({ name }) => name))], itemGap: 24 },
    title: titles(note),
    ...axes(),
    series,
  });
  const svg = instance.renderToSVGString();
  instance.dispose();
  return svg;
}

function titles(note: string) {
  return [
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
      textStyle: { fontSize: 11, fontWeight: 'normal' as const, color: '#555' },
    },
  ];
}

function axes() {
  return {
    grid: panels.map(({ left, top, width, height }) => ({ left, top, width, height })),
    xAxis: panels.map((_, gridIndex) => ({
      type: 'value' as const,
      gridIndex,
      min: 0,
      axisLabel: { color: '#555', hideOverlap: true },
      splitLine: { lineStyle: { color: '#e5e5e5' } },
    })),
    yAxis: panels.map(({ names }, gridIndex) => ({
      type: 'category' as const,
      gridIndex,
      inverse: true,
      data: [...names],
      axisTick: { show: false },
      axisLabel: { color: '#222', fontSize: 12 },
    })),
  };
}

function bars({ key, title }: Contender, { rows, scale }: Panel, index: number, medianOf: MedianOf) {
  return {
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
    data: rows.map((row) => {
      const value = medianOf(row, key);
      return value === undefined ? '-' : value * scale;
    }),
  };
}

/** Lines across a row's bars, which show how much of each could still be saved. */
function ticks({ key, title }: Contender, panel: Panel, index: number, medianOf: MedianOf) {
  const { rows, scale, height } = panel;
  return {
    type: 'scatter' as const,
    name: title,
    xAxisIndex: index,
    yAxisIndex: index,
    symbol: 'rect',
    symbolSize: [2, (0.8 * height) / rows.length],
    itemStyle: { color: colors[key], opacity: 1 },
    label: {
      show: true,
      position: 'top' as const,
      distance: 1,
      fontSize: 10,
      color: colors[key],
      formatter: ({ value }: { value?: unknown }) =>
        Array.isArray(value) && typeof value[0] === 'number' ? label(value[0]) : '',
    },
    data: rows.flatMap((row, place) => {
      const value = medianOf(row, key);
      return value === undefined ? [] : [[value * scale, place]];
    }),
    z: 3,
  };
}
