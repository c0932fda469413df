/** One event whole, what led to it, and everything that its node recorded around it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { originOf, saysOf, streamOf, traceOf, type Event } from "../event.ts";
import { age, clock } from "../format.ts";
import { Problem } from "../parts/problem.tsx";
import { printPlace, setQuery } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.events;
const aroundSecondsMax = 60;
/** Rows on either side of it. */
const aroundMax = 200;
const toSecondsMin = 1;
/** What led to it may have come long before it. */
const daySeconds = 86_400;
/** What is recorded so much later than it happened is told so. */
const lateMs = 5_000;
const [lookedEveryMs, lookedThroughMax] = [30_000, 1_000];

interface Answer {
  readonly events: readonly Event[];
  readonly more: boolean;
}

interface EvidenceProps {
  readonly id: string | undefined;
  /** When it was recorded, or shortly after: by this it is found when it is long behind what is shown. */
  readonly on: string | undefined;
  readonly known: readonly Event[];
}

export function Evidence({ id, on, known }: EvidenceProps) {
  const here = known.find((event) => event.id === id);
  if (id === undefined) return <aside class="evidence empty">{t.choose}</aside>;
  return here === undefined ? <Elsewhere key={id} id={id} on={on} /> : <Shown key={id} event={here} />;
}

/** An address that somebody kept, or what led to an event. */
function Elsewhere({ id, on }: { readonly id: string; readonly on: string | undefined }) {
  const [origin, stream, at] = [originOf({ id }), streamOf({ id }), Date.parse(on ?? "")];
  const path = Number.isNaN(at) ? undefined : `/v1/events?${new URLSearchParams({ origin, stream, since: isoAfter(at, -aroundSecondsMax), until: isoAfter(at, 1), limit: String(lookedThroughMax) }).toString()}`;
  const { value, problem } = usePolled<Answer>(path, lookedEveryMs);
  const event = value?.events.find((each) => each.id === id);
  if (event !== undefined) return <Shown event={event} />;
  return (
    <aside class="evidence empty">
      <Problem problem={problem} />
      {path !== undefined && value === undefined ? problem === undefined && words.loading : stream === "local" ? <>{t.stays} <a href={printPlace(["node", origin])}>{origin}</a></> : t.notHere} <code>{id}</code>
    </aside>
  );
}

const isoAfter = (at: number, seconds: number): string => new Date(at + 1_000 * seconds).toISOString();

function Shown({ event }: { readonly event: Event }) {
  const at = Date.parse(event.recordedtime);
  const { before, after, from, to, isCut, problem } = useAround(event, at);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>(".this");
    if (list.current !== null && row != null) list.current.scrollTop = row.offsetTop - list.current.offsetTop - (list.current.clientHeight - row.offsetHeight) / 2;
  }, [before === undefined, after === undefined]);
  const trace = traceOf(event);
  const lateBy = at - Date.parse(event.time);
  return (
    <aside class="evidence" aria-label={t.evidence}>
      <header><h3>{event.type}</h3><button type="button" class="plain" aria-label={words.close} onClick={() => setQuery({ event: undefined, on: undefined })}>✕</button></header>
      <dl class="facts">
        {event.subject !== undefined && <><dt>{t.columns.subject}</dt><dd>{event.subject}</dd></>}
        <dt>{t.time}</dt><dd>{clock(event.time)}{lateBy > lateMs && <span class="soft"> {t.recorded} {age(lateBy)} after</span>}</dd>
        <dt>{t.origin}</dt><dd>{originOf(event)} <span class="soft">{event.source}</span></dd>
        <dt>{t.clock}</dt><dd>{event.clock}</dd>
        <dt>{t.class}</dt><dd>{event.class}{event.through !== undefined && <span class="soft"> {event.through}</span>}, {t.jurisdiction} {event.jurisdiction}</dd>
        {trace !== undefined && <><dt>{t.trace}</dt><dd><a href={printPlace(["trace", trace], { since: isoAfter(at, -daySeconds) })}>{words.trace.show}</a></dd></>}
        {event.causedby !== undefined && <><dt>{t.causedBy}</dt><dd><button type="button" class="link" onClick={() => setQuery({ event: event.causedby, on: before?.find(({ id }) => id === event.causedby)?.recordedtime ?? event.recordedtime })}><code>{event.causedby}</code></button></dd></>}
      </dl>
      <h4>{t.data}</h4>
      <pre tabIndex={0}>{JSON.stringify(event.data ?? null, undefined, 2)}</pre>
      <h4>{t.evidence}</h4>
      <p class="hint">{t.evidenceHint(age(1_000 * from), age(1_000 * to), isCut)}</p>
      <Problem problem={problem} />
      <ol class="around" ref={list} tabIndex={0} aria-label={t.evidence}>
        {[...(before ?? []), event, ...(after ?? [])].map((each) => (
          <li key={each.id} class={each.id === event.id ? "this" : ""}>
            <span class="figure">{signed((Date.parse(each.recordedtime) - at) / 1_000)}</span>
            <span><b>{each.type}</b> {each.subject ?? ""} <span class="soft">{saysOf(each)}</span></span>
          </li>
        ))}
      </ol>
    </aside>
  );
}

/** What its node recorded before and after it. The newest that fit are told: behind it those would be the farthest, so that less time is asked for where there are too many. */
function useAround(event: Event, at: number) {
  const [to, setTo] = useState(aroundSecondsMax);
  const origin = originOf(event);
  const ask = (since: number, until: number): string => `/v1/events?${new URLSearchParams({ origin, since: isoAfter(at, since), until: isoAfter(at, until), limit: String(aroundMax) }).toString()}`;
  const earlier = usePolled<Answer>(ask(-aroundSecondsMax, 0), 5_000);
  const later = usePolled<Answer>(ask(0.001, to), 5_000);
  const isCrowded = later.value?.more === true;
  useEffect(() => {
    if (isCrowded && to > toSecondsMin) setTo(to / 2);
  }, [isCrowded, to]);
  const before = earlier.value?.events.filter(({ id }) => id !== event.id);
  const [first] = earlier.value?.more === true ? earlier.value.events : [];
  return { before, after: later.value?.events, from: first === undefined ? aroundSecondsMax : (at - Date.parse(first.recordedtime)) / 1_000, to, isCut: isCrowded && to <= toSecondsMin, problem: earlier.problem ?? later.problem };
}

const signed = (seconds: number): string => `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(1)} s`;
