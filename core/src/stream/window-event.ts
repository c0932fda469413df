/** A window as it crosses into a sandbox: an event whose data is the window, so that every way to run a function can run it. */
import type { UnitEvent } from "../ports.ts";
import type { UnitWindow } from "../run/definition.ts";
import type { RanWindow } from "./window-stage.ts";

/** Its id is that of its last event, so that what the function emits names a record as its cause; its time is the window's last millisecond. */
export function toWindowEvent({ startMs, endMs, revision, reason, replaces, events, key }: RanWindow, type: string, by: "subject" | "all"): UnitEvent {
  const last = events.at(-1)?.event;
  return {
    id: last?.id ?? "",
    type,
    source: last?.source ?? "",
    subject: by === "all" || key === "" ? undefined : key,
    timeMs: endMs - 1,
    arrivedMs: events.reduce((latest, { event }) => Math.max(latest, event.arrivedMs), 0),
    data: { startMs, endMs, revision, reason, replaces, events: events.map(({ event }) => event) } satisfies Omit<UnitWindow, "subject">,
  };
}
