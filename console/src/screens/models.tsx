/** Models: every version with what is known of it, what drifts, and how fast they answer where they run. What was never measured is shown as unknown. */
import type { ModelDocument } from "@holon/core/schema/model.ts";
import { originOf, type Event } from "../event.ts";
import { bytes, clock, count, milliseconds, unknown } from "../format.ts";
import type { AreaProps } from "../later.tsx";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { useNodesAnswers } from "../use-nodes.ts";
import { usePolled } from "../use-polled.ts";
import { Fitted } from "./models-fitted.tsx";

interface ModelRow {
  readonly version: string;
  readonly registeredAt: string;
  readonly document: ModelDocument;
}

const t = words.models;

export function Models({ fleet }: AreaProps) {
  const { value, asOfMs, problem } = usePolled<{ readonly models: readonly ModelRow[]; readonly next?: string | null }>("/v1/models", 10_000);
  const drifts = usePolled<{ readonly events: readonly Event[] }>("/v1/events?type=holon.model.drift&limit=200", 5_000);
  const apps = usePolled<{ readonly apps: readonly { readonly name: string; readonly models: readonly string[] }[] }>("/v1/apps", 10_000);
  const registered = new Set(value?.models.map(({ document }) => document.name));
  const unregistered = value === undefined || typeof value.next === "string" ? [] : (apps.value?.apps ?? []).flatMap(({ name, models }) => models.filter((model) => !registered.has(model)).map((model) => ({ app: name, model })));
  return (
    <>
      <Problem problem={problem ?? apps.problem} />
      <Section title={words.area.models} aside={<AsOf ms={asOfMs} lateMs={30_000} />}>
        {value?.models.length === 0 && <p class="empty">{t.none}</p>}
        {value !== undefined && value.models.length > 0 && (
          <Table
            label={words.area.models}
            columns={Object.values(t.columns)}
            figures={[2, 3, 4]}
            rows={value.models.map(({ version, registeredAt, document }) => ({
              key: version,
              cells: [
                document.name,
                <code>{version}</code>,
                accuracyOf(document),
                bytes(document.metrics["sizeBytes"]),
                latencyOf(document),
                <>{document.lineage.method}{document.lineage.parent !== undefined && <small> {t.parent} <code>{document.lineage.parent}</code></small>}</>,
                clock(registeredAt),
                driftOf(document.name, drifts.value?.events ?? []),
              ],
            }))}
          />
        )}
      </Section>
      {unregistered.length > 0 && (
        <Section title={t.ofApps} hint={t.ofAppsHint}>
          <ul class="plain-list">{unregistered.map(({ app, model }) => <li key={`${app}/${model}`}><a href={printPlace(["app", app])}>{app}/{model}</a></li>)}</ul>
        </Section>
      )}
      <Inference fleet={fleet} />
      <Fitted />
      <Section title={t.drift} aside={<AsOf ms={drifts.asOfMs} lateMs={20_000} />}>
        {drifts.value?.events.length === 0 && <p class="empty">{t.noDrift}</p>}
        <ul class="plain-list">
          {drifts.value?.events.toReversed().map((event) => {
            const { model, side, state } = driftData(event);
            return <li key={event.id}>{clock(event.recordedtime)} <b>{model}</b> {side} {state === "began" ? <span class="bad">{t.drifting}</span> : t.settled} <span class="soft">{originOf(event)}</span> <a href={printPlace(["events"], { type: event.type, event: event.id, on: event.recordedtime })}>{words.events.evidence}</a></li>;
          })}
        </ul>
      </Section>
    </>
  );
}

function Inference({ fleet }: Pick<AreaProps, "fleet">) {
  const { answers, asked, old, asOfMs } = useNodesAnswers(fleet, 5_000);
  const rows = answers.flatMap(({ status }) => status.agent.units.filter(({ inferences }) => inferences > 0).map((unit) => ({ node: status.node, unit })));
  return (
    <Section title={t.served} hint={asked === undefined ? t.manyNodes : `${t.servedHint}: ${t.asked(answers.length - old.length, asked)}${words.olderOf(old)}`} aside={asked === undefined ? undefined : <AsOf ms={asOfMs} lateMs={20_000} />}>
      {rows.length > 0 && (
        <Table
          label={t.served}
          columns={[t.node, t.function, t.inferences, words.node.latency, words.node.columns.says]}
          figures={[2, 3]}
          rows={rows.map(({ node, unit }) => ({ key: `${node} ${unit.app}/${unit.name}`, cells: [<a href={printPlace(["node", node])}>{node}</a>, `${unit.app}/${unit.name}`, count(unit.inferences), `${milliseconds(unit.inferenceMs.p50)} / ${milliseconds(unit.inferenceMs.p99)}`, unit.status ?? ""] }))}
        />
      )}
    </Section>
  );
}

function accuracyOf({ metrics, lineage }: ModelDocument) {
  const accuracy = metrics["accuracy"];
  if (accuracy === undefined) return words.unknown;
  const text = accuracy <= 1 ? `${(100 * accuracy).toFixed(1)} %` : `${accuracy.toFixed(1)} %`;
  return lineage.lostPoints === undefined ? text : <>{text} <small>{t.lost} {lineage.lostPoints.toFixed(2)}</small></>;
}

function latencyOf({ metrics }: ModelDocument): string {
  const [name, value] = Object.entries(metrics).find(([key]) => /^latency(?:Us|Ms)(?:P50)?$/.test(key)) ?? [];
  return name === undefined || value === undefined ? words.unknown : name.startsWith("latencyUs") ? milliseconds(value / 1_000) : milliseconds(value);
}

/** By the last word of each side; a model whose drift nobody watches is not known to be well. */
function driftOf(name: string, events: readonly Event[]) {
  const last = new Map(events.map(driftData).filter(({ model }) => model.endsWith(`/${name}`)).map((told) => [`${told.model} ${told.side}`, told.state]));
  if (last.size === 0) return unknown;
  return [...last.values()].includes("began") ? <span class="bad">{t.drifting}</span> : t.settled;
}

function driftData({ data }: Event): { readonly model: string; readonly side: string; readonly state: string } {
  const fields: Readonly<Record<string, unknown>> = typeof data === "object" && data !== null ? Object.fromEntries(Object.entries(data)) : {};
  return { model: String(fields["model"] ?? ""), side: String(fields["side"] ?? ""), state: String(fields["state"] ?? "") };
}
