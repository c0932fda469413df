/** What the trail tells of parameters that functions fitted where they run: the newest of each, and how often. */
import { originOf, type Event } from "./event.ts";

export interface FittedRow {
  readonly key: string;
  readonly model: string;
  readonly node: string;
  /** `app/function` */
  readonly unit: string;
  /** Undefined where the function may not tell everybody whom they are of. */
  readonly subject: string | undefined;
  /** Hash of the parameters; undefined where it may not tell everybody what it was handed. */
  readonly blob: string | undefined;
  readonly newest: Event;
  /** Among the events that are known. */
  readonly times: number;
}

/** `events`: oldest first. */
export function fittedRows(events: readonly Event[]): readonly FittedRow[] {
  const rows = new Map<string, FittedRow>();
  for (const event of events) {
    const { model, blob } = dataOf(event);
    if (model === undefined) continue;
    const node = originOf(event);
    const unit = unitOf(event, node);
    // Where whom they are of is not told, each fit may be of another.
    const key = JSON.stringify([node, unit, model, event.subject ?? null]);
    rows.set(key, { key, model, node, unit, subject: event.subject, blob, newest: event, times: (rows.get(key)?.times ?? 0) + 1 });
  }
  return [...rows.values()].toSorted((one, other) => (one.newest.recordedtime < other.newest.recordedtime ? 1 : -1));
}

export const unitOf = ({ source }: Event, node: string): string => (source.startsWith(`/${node}/`) ? source.slice(node.length + 2) : source);

function dataOf({ data }: Event): { readonly model: string | undefined; readonly blob: string | undefined } {
  const fields: Readonly<Record<string, unknown>> = typeof data === "object" && data !== null ? Object.fromEntries(Object.entries(data)) : {};
  const text = (key: string): string | undefined => (typeof fields[key] === "string" ? fields[key] : undefined);
  return { model: text("model"), blob: text("blob") };
}
