import { alertState, originOf, saysOf, type Event } from "../event.ts";
import { clock } from "../format.ts";
import { LongList } from "../parts/long-list.tsx";
import { Name } from "../parts/name.tsx";
import { setQuery } from "../route.ts";
import { words } from "../strings.ts";

const t = words.events.columns;
const rowPixels = 34;

/** The newest first. */
export function EventList({ events, chosen, pixels }: { readonly events: readonly Event[]; readonly chosen: string | undefined; readonly pixels: number }) {
  const head = <div role="row" class="event-row">{[t.time, t.node, t.type, t.subject, t.says].map((name) => <span role="columnheader" key={name}>{name}</span>)}</div>;
  return (
    <div class="event-list" style={{ height: `${pixels}px` }}>
      <LongList label={words.area.events} items={[...events].reverse()} rowPixels={rowPixels} head={head} columns={5} keyOf={(event) => event.id} row={(event) => <EventRow event={event} isChosen={event.id === chosen} />} />
    </div>
  );
}

function EventRow({ event, isChosen }: { readonly event: Event; readonly isChosen: boolean }) {
  const state = alertState(event);
  const time = <time dateTime={event.recordedtime}>{clock(event.recordedtime)}</time>;
  const choose = (): void => setQuery(isChosen ? { event: undefined, on: undefined } : { event: event.id, on: event.recordedtime });
  // The whole row for a pointer; for keys and readers it is the button, from which a click comes up here too.
  return (
    <div class={`event-row ${isChosen ? "chosen" : ""}`} onClick={() => (getSelection()?.isCollapsed ?? true) && choose()}>
      <span role="cell"><button type="button" class="link" aria-pressed={isChosen}>{time}</button></span>
      <span role="cell"><Name name={originOf(event)} /></span>
      <span role="cell" class="type">{event.type}</span>
      <span role="cell"><Name name={event.subject ?? ""} /></span>
      <span role="cell" class="says">{state !== undefined && <b class={`alert ${state}`}>{words.events[state]}</b>} {saysOf(event)}</span>
    </div>
  );
}
