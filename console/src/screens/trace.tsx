/** The way of one event: its steps one under the other, each where its time was, with what it waited for. All that a bar shows stands in the row as text. */
import type { Trace, TraceStep } from "@holon/core/telemetry/trace.ts";
import { age, clock, milliseconds } from "../format.ts";
import type { AreaProps } from "../later.tsx";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { printPlace, setQuery } from "../route.ts";
import { words } from "../strings.ts";
import { barsOf, type Bar } from "../trace-bars.ts";
import { usePolled } from "../use-polled.ts";

const t = words.trace;

export function TraceScreen({ place: { parts, query } }: AreaProps) {
  const id = parts[1] ?? "";
  const since = query["since"] === undefined ? "" : `?since=${encodeURIComponent(query["since"])}`;
  const { value, asOfMs, problem } = usePolled<Trace>(`/v1/traces/${encodeURIComponent(id)}${since}`, 5_000);
  return (
    <>
      <Problem problem={problem} />
      {value === undefined ? problem === undefined && <p class="empty">{words.loading}</p> : <Shown trace={value} asOfMs={asOfMs} withoutWaits={query["waits"] === "out"} />}
    </>
  );
}

function Shown({ trace, asOfMs, withoutWaits }: { readonly trace: Trace; readonly asOfMs: number | undefined; readonly withoutWaits: boolean }) {
  const bars = barsOf(trace, withoutWaits);
  const waitsForLinks = trace.spans.some(({ waited }) => waited?.for === "link");
  const { nodes, unknown } = trace.completeness;
  return (
    <Section title={t.title} hint={t.began(clock(trace.startAt), took(trace.tookMs))} aside={<AsOf ms={asOfMs} />}>
      <div class="toolbar">
        <code>{trace.id}</code>
        <span class={`tag ${trace.isWhole ? "good" : "unseen"}`}>{trace.isWhole ? t.whole : t.notWhole}</span>
        {waitsForLinks && <button type="button" class="small" aria-pressed={withoutWaits} onClick={() => setQuery({ waits: withoutWaits ? undefined : "out" })}>{t.withoutWaits}</button>}
      </div>
      <div class="table-frame" tabIndex={0} role="region" aria-label={t.title}>
        <table class="trace" data-trace={JSON.stringify(trace.spans.map(({ kind, name, node, depth }) => ({ kind, name, node, depth })))}>
          <thead><tr>{t.columns.map((name, place) => <th key={name} scope="col" class={figures.has(place) ? "figure" : ""}>{name}</th>)}<th scope="col" class="bars">{t.over(took(bars.lengthMs))}</th></tr></thead>
          <tbody>{trace.spans.map((step) => <Row key={step.spanId} step={step} work={bars.work.get(step.spanId)} wait={bars.wait.get(step.spanId)} />)}</tbody>
        </table>
      </div>
      <ul class="plain-list hint">
        {unknown > 0 && <li>{t.unknown(unknown, nodes, trace.completeness.missing.map(({ node, through }) => `${node} (${through === null ? words.none : clock(through)})`).join(", "))}</li>}
        {trace.missing.length > 0 && <li>{t.missing(trace.missing.map(({ spanId, namedBy }) => `${spanId} (${namedBy})`).join(", "))}</li>}
        {trace.dropped > 0 && <li>{t.dropped(trace.dropped)}</li>}
        {trace.waiting > 0 && <li>{t.waiting(trace.waiting)}</li>}
        {trace.left > 0 && <li>{t.left(trace.left)}</li>}
      </ul>
    </Section>
  );
}

const figures = new Set([2, 3]);

function Row({ step, work, wait }: { readonly step: TraceStep; readonly work: Bar | undefined; readonly wait: Bar | undefined }) {
  const [from, took_, waited] = [took(step.fromMs), took(step.tookMs), step.waited === null ? "" : t.waited[step.waited.for](took(step.waited.tookMs))];
  return (
    <tr>
      <th scope="row" style={{ paddingInlineStart: `${8 + 14 * step.depth}px` }}><span class="soft">{t.kinds[step.kind]}</span> {nameOf(step)}{step.eventType !== null && <span class="soft"> {step.eventType}</span>}</th>
      <td data-label={t.columns[1]}><a href={printPlace(["node", step.node])}>{step.node}</a></td>
      <td data-label={t.columns[2]} class="figure">{from}</td>
      <td data-label={t.columns[3]} class="figure">{took_}</td>
      <td data-label={t.columns[4]}>{waited}</td>
      <td data-label={t.columns[5]}>{step.status === "error" ? <b class="tag bad">{step.error ?? t.failed}</b> : t.status[step.status]}</td>
      <td class="bars" aria-hidden="true"><span class="lane">{wait !== undefined && <i class="wait" style={placed(wait)} />}{work !== undefined && <i class={`work ${step.kind} ${step.status}`} style={placed(work)} />}</span></td>
    </tr>
  );
}

/** The kind stands in front of it already. */
const nameOf = ({ kind, name }: TraceStep): string => (name.startsWith(`${kind} `) ? name.slice(kind.length + 1) : name);

const percentOf = (part: number): string => `${(100 * part).toFixed(3)}%`;
const placed = ({ left, width }: Bar): { readonly left: string; readonly width: string } => ({ left: `min(${percentOf(left)}, 100% - 3px)`, width: `max(3px, ${percentOf(width)})` });

const took = (ms: number): string => (ms < 1_000 ? milliseconds(ms) : ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : age(ms));
