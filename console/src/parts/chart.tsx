/** A chart over time. The library that draws it is loaded with the first chart that is shown. */
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly label: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly pixels?: number;
  /** Counts in steps, not values between which one may draw a line. */
  readonly bars?: boolean;
}

export function Chart({ label, times, series, pixels = 150, bars = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | undefined>(undefined);
  const shape = series.map((one) => one.label).join("\n");
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    let ended = false;
    void import("uplot").then(({ default: Plot }) => {
      if (!ended) drawn.current = new Plot(optionsFor(Plot, current.clientWidth, pixels, series, bars), dataOf(times, series, bars), current);
    });
    const watcher = new ResizeObserver(() => drawn.current?.setSize({ width: current.clientWidth, height: pixels }));
    watcher.observe(current);
    return () => {
      ended = true;
      watcher.disconnect();
      drawn.current?.destroy();
      drawn.current = undefined;
    };
  }, [shape, pixels, bars]);
  useEffect(() => drawn.current?.setData(dataOf(times, series, bars)), [times, series]);
  return (
    <figure class="chart">
      <div ref={place} aria-hidden="true" />
      <figcaption class="for-readers">{`${label}: ${series.map((one) => `${one.label} ${one.values.reduce<number>((sum, value) => sum + (value ?? 0), 0)}`).join(", ")}`}</figcaption>
    </figure>
  );
}

/** Bars stand on each other: each series is drawn with all before it, the tallest first. */
function dataOf(times: readonly number[], series: readonly Series[], bars: boolean): uPlot.AlignedData {
  if (!bars) return [[...times], ...series.map(({ values }) => [...values])];
  const below = times.map(() => 0);
  const stacked = series.map(({ values }) => values.map((value, place) => (below[place] = (below[place] ?? 0) + (value ?? 0))).map((sum, place) => ((values[place] ?? 0) === 0 ? null : sum)));
  return [[...times], ...stacked.reverse()];
}

/** Distinct in both themes and for most colour-blind eyes; the legend names them too. */
const colours = ["#0d9488", "#d97706", "#6366f1", "#db2777", "#65a30d", "#0284c7", "#9333ea", "#78716c"];

/** As the theme in force has it: a canvas knows nothing of variables. */
function colourOf(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function optionsFor(Plot: typeof uPlot, width: number, height: number, series: readonly Series[], bars: boolean): uPlot.Options {
  const ink = colourOf("--ink-soft");
  const line = colourOf("--line");
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui, sans-serif" };
  const paths = bars ? Plot.paths.bars?.({ size: [0.8, 24] }) : undefined;
  return {
    width, height,
    padding: [8, 8, 0, 0],
    legend: { live: false },
    cursor: { y: false },
    fmtDate: (template) => Plot.fmtDate(template.replaceAll("{h}:{mm}{aa}", "{HH}:{mm}").replaceAll("{h}{aa}", "{HH}:00").replaceAll("{h}:{mm}:{ss}{aa}", "{HH}:{mm}:{ss}")),
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [axis, { ...axis, size: 44 }],
    series: [
      {},
      ...(bars ? [...series].reverse() : series).map(({ label }, index) => {
        const place = bars ? series.length - 1 - index : index;
        const stroke = colours[place % colours.length] ?? ink;
        return { label, stroke, width: 1.5, points: { show: false }, ...(bars ? { fill: stroke } : {}), ...(paths === undefined ? {} : { paths }) };
      }),
    ],
  };
}
