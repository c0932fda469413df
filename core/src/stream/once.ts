/** Whether a frame that waits already was heard by another gateway as well: the same subject, the same fields, about the same time. */
import type { WindowTrigger } from "../schema/trigger.ts";
import { fieldOf } from "./field.ts";
import type { Waiting, WindowKey } from "./window-key.ts";
import { firstFrom } from "./window.ts";

export function isRepeat(state: Pick<WindowKey, "events">, { event, timeMs }: Waiting, once: WindowTrigger["once"]): boolean {
  if (once === undefined) return false;
  const said = saidIn(event.data, once.fields);
  if (said === undefined) return false; // without all of the fields nobody can tell
  for (let index = firstFrom(state.events, timeMs - once.withinMs); index < state.events.length; index++) {
    const other = state.events[index];
    if (other === undefined || other.timeMs > timeMs + once.withinMs) return false;
    if (other.event.source !== event.source && other.event.subject === event.subject && saidIn(other.event.data, once.fields) === said) return true;
  }
  return false;
}

function saidIn(data: unknown, fields: readonly string[]): string | undefined {
  const values = fields.map((path) => fieldOf(data, path));
  return values.some((value) => value === undefined || value === null) ? undefined : JSON.stringify(values);
}
