/** Events as they come, by their own times; alerts; and of any of them what led to it and what came before and after. */
import { useMemo } from "preact/hooks";
import { countByTime, stepFor } from "../buckets.ts";
import type { Event } from "../event.ts";
import { alertState, saysOf, streamOf } from "../event.ts";
import type { Fleet } from "../fleet.ts";
import { clock } from "../format.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Chart } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/problem.tsx";
import { Search } from "../parts/search.tsx";
import { Section } from "../parts/section.tsx";
import { setQuery, type Place } from "../route.ts";
import { servedByControl } from "../session.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";
import { EventList } from "./event-list.tsx";
import { Evidence } from "./evidence.tsx";

const t = words.events;
const limit = 1_000;
const [everyMs, alarmsEveryMs] = [2_000, 4_000];
const streams = ["alarm", "data", "telemetry", "audit"] as const;

export function Events({ place: { query }, fleet }: { readonly place: Place; readonly fleet: Fleet }) {
  const seconds = Number(query["window"] ?? "900") || 900;
  const isPaused = query["at"] !== undefined;
  const until = isPaused ? Date.parse(query["at"] ?? "") : undefined;
  const path = `/v1/events?${filtersOf(query).toString()}`;
  const { value, asOfMs, problem } = usePolled<{ readonly events: readonly Event[]; readonly more: boolean }>(path, everyMs);
  const { events, isWhole, fromMs, toMs } = useMemo(() => within(value?.events ?? [], seconds, until ?? asOfMs ?? Date.now(), until), [value, seconds, until]);
  const chart = useMemo(() => countByTime(events, fromMs, toMs, stepFor(seconds)), [events, fromMs, toMs, seconds]);
  // Where much else is said, the newest of all go back for moments only: alarms are asked for by themselves.
  const isMixed = (query["stream"] ?? "") === "";
  const { value: alarms } = usePolled<{ readonly events: readonly Event[] }>(isMixed ? `/v1/events?${filtersOf({ ...query, stream: "alarm" }).toString()}` : undefined, alarmsEveryMs);
  const alarmed = useMemo(() => within((isMixed ? alarms : value)?.events ?? [], seconds, toMs, until), [isMixed, alarms, value, seconds, toMs, until]);
  const alerts = useMemo(() => alarmed.events.filter(isAlert), [alarmed]);
  const first = events[0];
  return (
    <>
      <div class="toolbar">
        <Search label={t.type} hint="holon. or pump.alert" value={query["type"] ?? ""} change={(type) => setQuery({ type })} />
        <Choice label={t.stream} value={query["stream"] ?? ""} options={[{ value: "", label: words.all }, ...(servedByControl() ? streams : [...streams, "local"]).map((name) => ({ value: name, label: name }))]} choose={(stream) => setQuery({ stream })} />
        <label class="field"><span>{t.origin}</span><input list="origins" value={query["origin"] ?? ""} placeholder={words.all} onChange={(event) => setQuery({ origin: event.currentTarget.value })} /></label>
        <datalist id="origins">{[...fleet.nodes.keys()].slice(0, 500).map((name) => <option key={name} value={name} />)}</datalist>
        <Choice label={t.window} value={String(seconds)} options={Object.entries(t.windows).map(([length, label]) => ({ value: length, label }))} choose={(window) => setQuery({ window: window === "900" ? undefined : window })} />
        <button type="button" aria-pressed={!isPaused} onClick={() => setQuery({ at: isPaused ? undefined : new Date().toISOString() })}>{isPaused ? t.follow : t.following}</button>
        <AsOf ms={asOfMs} />
      </div>
      <Problem problem={problem} />
      <Section title={t.rate} hint={isWhole || first === undefined ? t.rateHint : t.newestOnly(clock(first.recordedtime))}>
        <div data-chart={JSON.stringify(totals(chart))}><Chart label={t.rate} times={chart.times} series={chart.series} bars /></div>
      </Section>
      <div class="beside">
        <div>
          {alerts.length > 0 && <Section title={t.alerts} hint={alarmed.isWhole || alarmed.events[0] === undefined ? undefined : t.newestOnly(clock(alarmed.events[0].recordedtime))}><EventList events={alerts} chosen={query["event"]} pixels={Math.min(220, 36 + 34 * alerts.length)} /></Section>}
          <Section title={words.area.events}>{value !== undefined && events.length === 0 ? <p class="empty">{value.more ? t.noneOfNewest : t.none}</p> : <EventList events={events} chosen={query["event"]} pixels={420} />}</Section>
        </div>
        <Evidence id={query["event"]} on={query["on"]} known={isMixed ? [...events, ...alerts] : events} />
      </div>
    </>
  );
}

function filtersOf(query: Readonly<Record<string, string>>): URLSearchParams {
  const filters = new URLSearchParams({ limit: String(limit) });
  for (const name of ["stream", "origin", "type"]) if (query[name] !== undefined && query[name] !== "") filters.set(name, query[name]);
  const at = Date.parse(query["at"] ?? "");
  if (!Number.isNaN(at)) filters.set("until", new Date(at).toISOString());
  return filters;
}

/** What Holon itself keeps at any price is in the stream of alarms too, and alarms nobody; of an app all of it does, with words or without. */
const isAlert = (event: Event): boolean => streamOf(event) === "alarm" && (!event.type.startsWith("holon.") || alertState(event) !== undefined || saysOf(event) !== "");

/** The window ends with the newest moment that is known here, or where one paused. */
function within(all: readonly Event[], seconds: number, nowMs: number, until: number | undefined): { readonly events: readonly Event[]; readonly isWhole: boolean; readonly fromMs: number; readonly toMs: number } {
  const toMs = until ?? nowMs;
  const fromMs = toMs - 1_000 * seconds;
  const events = all.filter(({ recordedtime }) => Date.parse(recordedtime) >= fromMs);
  return { events, isWhole: all.length < limit || events.length < all.length, fromMs, toMs };
}

/** For whoever looks at the page with a program: what the chart shows. */
const totals = ({ times, series }: ReturnType<typeof countByTime>) => ({ times, series: series.map(({ label, values }) => ({ label, values })) });
