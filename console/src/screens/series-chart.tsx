/** One metric of one node, a site or the fleet over the last hour: what was corrected late, and of whom nothing is known, is said. */
import type { Series } from "@holon/core/telemetry/series.ts";
import { useState } from "preact/hooks";
import { AsOf } from "../parts/as-of.tsx";
import { Chart } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.series;
const metrics = ["holon.log.records", "holon.function.duration", "holon.function.lag", "holon.link.backlog", "holon.link.io", "process.memory.usage", "process.cpu.time", "system.cpu.utilization"] as const;
const linesMax = 8;

export function SeriesChart({ node }: { readonly node: string }) {
  const [metric, setMetric] = useState<string>(metrics[0]);
  const { value, asOfMs, problem } = usePolled<Series>(`/v1/series?name=${metric}&node=${encodeURIComponent(node)}&by=attributes`, 15_000);
  const lines = value?.series.slice(0, linesMax) ?? [];
  const [first] = lines;
  const points = first?.points ?? [];
  const revised = points.filter(({ revised: late }) => late !== undefined).length;
  const incomplete = points.filter(({ nodes, reported }) => reported < nodes).length;
  return (
    <Section title={t.title} hint={[revised === 0 ? "" : t.revised(revised), incomplete === 0 ? "" : t.incomplete(incomplete)].filter((text) => text !== "").join("; ")} aside={<AsOf ms={asOfMs} lateMs={45_000} />}>
      <Problem problem={problem} />
      <Choice label={t.metric} value={metric} options={metrics.map((name) => ({ value: name, label: name }))} choose={(name) => setMetric(name ?? metrics[0])} />
      {first !== undefined && <Chart label={`${metric}${value === undefined ? "" : `, ${value.unit}`}`} times={points.map(({ at }) => Date.parse(at) / 1_000)} series={lines.map(({ labels, points: of }) => ({ label: Object.values(labels).join(" ") || metric, values: of.map((point) => point.value) }))} />}
    </Section>
  );
}
