/** Parameters that functions fitted on their nodes, and what they were not granted. */
import { fittedRows, unitOf } from "../fitted.ts";
import { clock, count } from "../format.ts";
import { originOf, saysOf, type Event } from "../event.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.models;
interface Told {
  readonly events: readonly Event[];
  readonly more: boolean;
}

export function Fitted() {
  const { value, asOfMs, problem } = usePolled<Told>("/v1/events?stream=audit&type=holon.model.fitted&limit=1000", 10_000);
  const refused = usePolled<Told>("/v1/events?stream=audit&type=holon.model.refused&limit=50", 10_000);
  const rows = fittedRows(value?.events ?? []);
  const [oldest] = value?.events ?? [];
  return (
    <Section title={t.fitted} hint={t.fittedHint} aside={<AsOf ms={asOfMs} lateMs={30_000} />}>
      <Problem problem={problem} />
      {value !== undefined && rows.length === 0 && <p class="empty">{t.noFitted}</p>}
      {value?.more === true && oldest !== undefined && <p class="hint">{t.fittedOfNewest(clock(oldest.recordedtime))}</p>}
      {rows.length > 0 && (
        <Table
          label={t.fitted}
          columns={t.fittedColumns}
          figures={[6]}
          rows={rows.map(({ key, model, node, unit, subject, blob, newest, times }) => ({
            key,
            cells: [
              model,
              <a href={printPlace(["node", node])}>{node}</a>,
              <a href={printPlace(["app", unit.split("/")[0] ?? unit])}>{unit}</a>,
              subject ?? <span class="soft">{t.untold}</span>,
              blob === undefined ? <span class="soft">{t.untold}</span> : <code title={blob}>{blob.slice(0, 12)}</code>,
              <a class="quiet" href={printPlace(["events"], { origin: node, stream: "audit", type: newest.type, event: newest.id, on: newest.recordedtime, window: "86400" })}>{clock(newest.recordedtime)}</a>,
              count(times),
            ],
          }))}
        />
      )}
      {refused.value !== undefined && refused.value.events.length > 0 && (
        <>
          <h3>{t.notGranted}</h3>
          <ul class="plain-list">{refused.value.events.toReversed().map((event) => <li key={event.id}>{clock(event.recordedtime)} <b>{unitOf(event, originOf(event))}</b> <a href={printPlace(["node", originOf(event)])}>{originOf(event)}</a> <span class="bad">{saysOf(event)}</span></li>)}</ul>
        </>
      )}
    </Section>
  );
}
