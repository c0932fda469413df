/**
 * The events that wait in windows, as they stand in cells: in chunks, so that what comes is written once and not with all that waits
 * already. A chunk that is not twice as large as the next is merged into it, so there are few.
 */
import { z } from "zod";
import type { UnitEvent } from "../ports.ts";
import type { WindowKey, Waiting } from "./window-key.ts";

const eventsSchema = z.array(z.tuple([z.string(), z.string(), z.string(), z.string().nullable(), z.number(), z.number(), z.unknown()]));

export const eventsCell = (key: string, chunk: number): string => `events/${chunk}/${key}`;

export const printEvents = (events: readonly Waiting[]): string =>
  `[${events.map(({ event: { id, type, source, subject, timeMs, arrivedMs }, text }) => `${JSON.stringify([id, type, source, subject ?? null, timeMs, arrivedMs]).slice(0, -1)},${text}]`).join(",")}]`;

export const parseEvents = (text: string, chunk: number): readonly Waiting[] =>
  eventsSchema.parse(JSON.parse(text)).map(([id, type, source, subject, timeMs, arrivedMs, data]) => toWaiting({ id, type, source, subject: subject ?? undefined, timeMs, arrivedMs, data }, chunk));

export const toWaiting = (event: UnitEvent, chunk = 0): Waiting => ({ event, timeMs: event.timeMs, text: JSON.stringify(event.data) ?? "null", chunk });

/** Chunks of one key: how many of its events still wait. */
export class Chunks {
  readonly #counts = new Map<number, number>();
  #last = 0;

  restored(chunk: number, count: number): void {
    this.#counts.set(chunk, count);
    this.#last = Math.max(this.#last, chunk);
  }

  left(events: readonly Waiting[]): void {
    for (const { chunk } of events) if (chunk > 0) this.#counts.set(chunk, (this.#counts.get(chunk) ?? 0) - 1);
  }

  /** Cells to write (null: to remove) so that all of the key's events stand in some. */
  takeChanges(key: WindowKey): readonly (readonly [cell: string, text: string | null])[] {
    const changes: [string, string | null][] = [];
    const remove = (chunk: number): void => {
      this.#counts.delete(chunk);
      changes.push([eventsCell(key.key, chunk), null]);
    };
    for (const [chunk, count] of this.#counts) if (count <= 0) remove(chunk);
    let fresh = key.events.filter((waiting) => waiting.chunk === 0);
    if (fresh.length === 0) return changes;
    const merged = new Set<number>([0]);
    let size = fresh.length;
    for (const [chunk, count] of [...this.#counts].sort(([a], [b]) => b - a)) {
      if (count >= 2 * size) break;
      merged.add(chunk);
      size += count;
      remove(chunk);
    }
    if (merged.size > 1) fresh = key.events.filter((waiting) => merged.has(waiting.chunk));
    this.#last += 1;
    for (const waiting of fresh) waiting.chunk = this.#last;
    this.#counts.set(this.#last, fresh.length);
    changes.push([eventsCell(key.key, this.#last), printEvents(fresh)]);
    return changes;
  }
}
