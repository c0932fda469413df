/** A chart over time. The library that draws it is loaded with the first chart that is shown. */
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { axisPixels, figure, lineText, roundSteps, timeTexts } from "../axis.ts";

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
  /** Of the values, as UCUM names it. */
  readonly unit?: string;
  /** What the lines show, in words; without it they are counts. */
  readonly says?: readonly string[];
  readonly marks?: Marks;
}

/** By step: of which not all is known, and which is another than it was when it was due. */
export interface Marks {
  readonly incomplete: readonly boolean[];
  readonly revised: readonly boolean[];
  readonly stepSeconds: number;
}

export function Chart({ label, times, series, pixels = 150, bars = false, unit = "{event}", says, marks }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | undefined>(undefined);
  const marked = useRef(marks);
  marked.current = marks;
  const shape = series.map((one) => one.label).join("\n");
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    let ended = false;
    void import("uplot").then(({ default: Plot }) => {
      if (!ended) drawn.current = new Plot({ ...optionsFor(Plot, current.clientWidth, pixels, series, bars, unit), hooks: { drawAxes: [(plot) => hatch(plot, marked.current)], draw: [(plot) => mark(plot, marked.current)] } }, dataOf(times, series, bars), current);
    });
    const watcher = new ResizeObserver(() => drawn.current?.setSize({ width: current.clientWidth, height: pixels }));
    watcher.observe(current);
    return () => {
      ended = true;
      watcher.disconnect();
      drawn.current?.destroy();
      drawn.current = undefined;
    };
  }, [shape, pixels, bars, unit]);
  useEffect(() => drawn.current?.setData(dataOf(times, series, bars)), [times, series]);
  return (
    <figure class="chart">
      <div ref={place} aria-hidden="true" />
      <figcaption class="for-readers">{`${label}: ${(says ?? series.map((one) => lineText(one, "sum", unit))).join("; ")}`}</figcaption>
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

/** So that no date runs into the next. */
const timePixels = 78;

/** Steps of which not all is known, behind the lines. */
function hatch(plot: uPlot, marks: Marks | undefined): void {
  if (marks === undefined) return;
  const { ctx, bbox: { top, height, left, width } } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = colourOf("--unseen");
  ctx.globalAlpha = 0.45;
  plot.data[0].forEach((time, place) => {
    if (marks.incomplete[place] !== true) return;
    const [from, to] = [plot.valToPos(time, "x", true), plot.valToPos(time + marks.stepSeconds, "x", true)];
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, top, to - from, height);
    ctx.clip();
    ctx.beginPath();
    for (let x = from - height; x < to; x += 7) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
    ctx.restore();
  });
  ctx.restore();
}

/** A diamond on each step that was corrected. */
function mark(plot: uPlot, marks: Marks | undefined): void {
  if (marks === undefined) return;
  const { ctx, bbox: { top, height } } = plot;
  const size = 5 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colourOf("--accent");
  plot.data[0].forEach((time, place) => {
    if (marks.revised[place] !== true) return;
    const x = plot.valToPos(time, "x", true);
    const y = top + height - size;
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.fill();
  });
  ctx.restore();
}

function optionsFor(Plot: typeof uPlot, width: number, height: number, series: readonly Series[], bars: boolean, unit: string): uPlot.Options {
  const ink = colourOf("--ink-soft");
  const line = colourOf("--line");
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui, sans-serif" };
  const steps = roundSteps(unit);
  const paths = bars ? Plot.paths.bars?.({ size: [0.8, 24] }) : undefined;
  return {
    width, height,
    padding: [8, 20, 0, 0], // half of a time stands right of the last line
    legend: { live: false },
    cursor: { y: false },
    scales: { y: { range: (_, min, max) => [Math.min(0, min ?? 0), bars ? Math.max(1, max * 1.1) : max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, space: timePixels, values: (_, places, __, ___, step) => timeTexts(places, step) },
      { ...axis, size: (_, texts) => axisPixels(texts), values: (_, places) => places.map((place) => figure(place, unit)), ...(steps === undefined ? {} : { incrs: steps }) },
    ],
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
