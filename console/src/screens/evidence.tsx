/** One event whole, what led to it, and everything that its node recorded around it. */
import { originOf, saysOf, traceOf, type Event } from "../event.ts";
import { age, clock } from "../format.ts";
import { Problem } from "../parts/problem.tsx";
import { printPlace, setQuery } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.events;
const aroundSeconds = 60;
const aroundMax = 200;
/** What led to it may have come long before it. */
const daySeconds = 86_400;
/** What is recorded so much later than it happened is told so. */
const lateMs = 5_000;

export function Evidence({ id, known }: { readonly id: string | undefined; readonly known: readonly Event[] }) {
  const here = known.find((event) => event.id === id);
  if (id === undefined) return <aside class="evidence empty">{t.choose}</aside>;
  if (here === undefined) return <aside class="evidence empty">{t.notHere} <code>{id}</code></aside>;
  return <Shown key={id} event={here} />;
}

function Shown({ event }: { readonly event: Event }) {
  const at = Date.parse(event.recordedtime);
  const iso = (seconds: number): string => new Date(at + 1_000 * seconds).toISOString();
  const around = `/v1/events?${new URLSearchParams({ origin: originOf(event), since: iso(-aroundSeconds), until: iso(aroundSeconds), limit: String(aroundMax) }).toString()}`;
  const { value, problem } = usePolled<{ readonly events: readonly Event[]; readonly more: boolean }>(around, 5_000);
  const trace = traceOf(event);
  const lateBy = at - Date.parse(event.time);
  return (
    <aside class="evidence" aria-label={t.evidence}>
      <header><h3>{event.type}</h3><button type="button" class="plain" aria-label={words.close} onClick={() => setQuery({ event: undefined })}>✕</button></header>
      <dl class="facts">
        <dt>{t.time}</dt><dd>{clock(event.time)}{lateBy > lateMs && <span class="soft"> {t.recorded} {age(lateBy)} after</span>}</dd>
        <dt>{t.origin}</dt><dd>{originOf(event)} <span class="soft">{event.source}</span></dd>
        <dt>{t.clock}</dt><dd>{event.clock}</dd>
        <dt>{t.class}</dt><dd>{event.class}{event.through !== undefined && <span class="soft"> {event.through}</span>}, {t.jurisdiction} {event.jurisdiction}</dd>
        {trace !== undefined && <><dt>{t.trace}</dt><dd><a href={printPlace(["trace", trace], { since: iso(-daySeconds) })}>{words.trace.show}</a></dd></>}
        {event.causedby !== undefined && <><dt>{t.causedBy}</dt><dd><button type="button" class="link" onClick={() => setQuery({ event: event.causedby })}><code>{event.causedby}</code></button></dd></>}
      </dl>
      <h4>{t.data}</h4>
      <pre tabIndex={0}>{JSON.stringify(event.data ?? null, undefined, 2)}</pre>
      <h4>{t.evidence}</h4>
      <p class="hint">{t.evidenceHint(aroundSeconds)}{value?.more === true && `, ${t.newestAround(aroundMax)}`}</p>
      <Problem problem={problem} />
      <ol class="around" tabIndex={0} aria-label={t.evidence}>
        {value?.events.map((each) => (
          <li key={each.id} class={each.id === event.id ? "this" : ""}>
            <span class="figure">{signed((Date.parse(each.recordedtime) - at) / 1_000)}</span>
            <span><b>{each.type}</b> {each.subject ?? ""} <span class="soft">{saysOf(each)}</span></span>
          </li>
        ))}
      </ol>
    </aside>
  );
}

const signed = (seconds: number): string => `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(1)} s`;
