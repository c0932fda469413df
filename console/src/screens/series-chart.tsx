/** One metric of one node over the last hour: steps that were corrected late, and of which not everybody has told, are marked, listed and said. */
import type { Series } from "@holon/core/telemetry/series.ts";
import { figure, lineText, unitWord } from "../axis.ts";
import { clock, unknown } from "../format.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Chart } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { setQuery, usePlace } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.series;
const metrics = ["holon.log.records", "holon.function.duration", "holon.function.lag", "holon.link.backlog", "holon.link.io", "process.memory.usage", "process.cpu.time", "system.cpu.utilization"] as const;
const linesMax = 8;
const listedMax = 6;

export function SeriesChart({ node }: { readonly node: string }) {
  const { metric: asked } = usePlace().query;
  const metric = metrics.find((name) => name === asked) ?? metrics[0];
  const { value, asOfMs, problem } = usePolled<Series>(`/v1/series?name=${metric}&node=${encodeURIComponent(node)}&by=attributes`, 15_000);
  return (
    <Section title={t.title} aside={<AsOf ms={asOfMs} lateMs={45_000} />}>
      <Problem problem={problem} />
      <Choice label={t.metric} value={metric} options={metrics.map((name) => ({ value: name, label: name }))} choose={(name) => setQuery({ metric: name === metrics[0] ? undefined : name })} />
      {value !== undefined && value.name === metric && <Drawn value={value} />}
    </Section>
  );
}

function Drawn({ value: { name, unit, kind, stepMs, series } }: { readonly value: Series }) {
  const shown = series.slice(0, linesMax);
  const points = shown[0]?.points ?? [];
  if (points.length === 0) return <p class="empty">{t.none}</p>;
  const lines = shown.map(({ labels, points: of }) => ({ label: Object.values(labels).join(" ") || name, values: of.map(({ value }) => value) }));
  const incomplete = points.map((_, place) => series.some(({ points: of }) => (of[place]?.reported ?? 0) < (of[place]?.nodes ?? 0)));
  const revised = points.map((_, place) => shown.some(({ points: of }) => of[place]?.revised !== undefined));
  const changes = shown.flatMap(({ points: of }, line) => of.flatMap(({ at, value, revised: late }) => (late === undefined ? [] : [{ at, label: lines[line]?.label ?? name, from: late.from, to: value }])));
  const missing = incomplete.filter(Boolean).length;
  const text = (value: number | null): string => (value === null ? unknown : figure(value, unit));
  const says = [t.per[kind](unitWord(unit), stepMs / 1_000), missing === 0 ? t.complete : t.incomplete(missing, points.length), ...(shown.length < series.length ? [t.fewOf(shown.length, series.length)] : [])];
  return (
    <>
      <p class="hint">{says.join("; ")}</p>
      <Chart label={`${name}: ${says.join("; ")}`} times={points.map(({ at }) => Date.parse(at) / 1_000)} series={lines} pixels={190} unit={unit} says={lines.map((line) => lineText(line, kind, unit))} marks={{ incomplete, revised, stepSeconds: stepMs / 1_000 }} />
      {changes.length > 0 && (
        <div class="revisions">
          <p class="hint"><span aria-hidden="true">◆</span> {t.revised(changes.length)}</p>
          <ul class="plain-list">{changes.slice(-listedMax).map(({ at, label, from, to }) => <li key={`${at} ${label}`}>{clock(at)} <span class="soft">{label}</span> {text(from)} → {text(to)}</li>)}</ul>
        </div>
      )}
    </>
  );
}
