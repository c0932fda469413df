/**
 * Which windows go into the log, and how coarse: by declared rule, pure. While all is well each one does as it is. In an incident (no uplink) the first hour and the last one stay as they
 * are, whenever it ends; of the time between, windows are merged. Nothing is left out: totals stay what they were, only their times become coarser.
 *
 *     incident: |==== first hour, minute by minute ====|-- quarter of an hour --|-- … --|==== last hour, held until it is over ====|
 */
import { mergeWindows, type Window } from "./window.ts";

export interface ThinningRules {
  /** How long after the beginning and before the end of an incident nothing is merged. */
  readonly fullMs: number;
  /** What is merged to. */
  readonly coarseMs: number;
}

export interface Thinned {
  /** For the log, in order. */
  readonly write: readonly Window[];
  /** Not yet: the incident may end now, and then these are its last hour. */
  readonly hold: readonly Window[];
}

/** `held`: what waits, in order, the newest last. `incidentMs`: when the incident began; undefined where there is none. */
export function thin(held: readonly Window[], incidentMs: number | undefined, { fullMs, coarseMs }: ThinningRules): Thinned {
  if (incidentMs === undefined) return { write: held, hold: [] };
  const newestMs = held.at(-1)?.endMs ?? incidentMs;
  const isFirst = ({ startMs }: Window): boolean => startMs < incidentMs + fullMs;
  const first = held.filter(isFirst);
  const later = held.filter((window) => !isFirst(window));
  const slotOf = ({ startMs }: Window): number => Math.floor(startMs / coarseMs);
  const write: Window[] = [...first];
  let next = 0;
  while (next < later.length) {
    const window = later[next];
    if (window === undefined) break;
    const end = later.findIndex((other, index) => index > next && slotOf(other) !== slotOf(window));
    const slot = later.slice(next, end < 0 ? undefined : end);
    const last = slot.at(-1);
    if (end < 0 || last === undefined || last.endMs > newestMs - fullMs) break;
    write.push(mergeWindows(window, ...slot.slice(1)));
    next = end;
  }
  return { write, hold: later.slice(next) };
}
