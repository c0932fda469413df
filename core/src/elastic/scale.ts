/** How many siblings are to help with a queue, and how a batch is cut for them. Pure. */
import { limits } from "../limits.ts";

export interface Scale {
  readonly siblings: number;
  /** Since when fewer would do. */
  readonly calmSinceMs: number | undefined;
}

export const alone: Scale = { siblings: 0, calmSinceMs: undefined };

export interface Queue {
  /** What this node alone would take for all that waits. */
  readonly waitMs: number;
  readonly withinMs: number;
  /** Siblings that could help at the most. */
  readonly siblingsMax: number;
  readonly nowMs: number;
}

/** More at once, where what waits would take longer than it may; fewer one by one, when half of the help would have done for a while. */
export function scaled({ siblings, calmSinceMs }: Scale, { waitMs, withinMs, siblingsMax, nowMs }: Queue): Scale {
  const wanted = Math.min(siblingsMax, helpersFor(waitMs, withinMs));
  if (wanted > siblings) return { siblings: wanted, calmSinceMs: undefined };
  const held = Math.min(siblings, siblingsMax);
  if (helpersFor(2 * waitMs, withinMs) >= held) return { siblings: held, calmSinceMs: undefined };
  const sinceMs = calmSinceMs ?? nowMs;
  const fewer = Math.min(held, Math.floor((nowMs - sinceMs) / limits.elasticCalmMs));
  return { siblings: held - fewer, calmSinceMs: held === fewer ? undefined : sinceMs + fewer * limits.elasticCalmMs };
}

const helpersFor = (waitMs: number, withinMs: number): number => Math.max(0, Math.ceil(waitMs / withinMs) - 1);

export interface Part {
  readonly from: number;
  readonly to: number;
}

/** So many events in pieces of some work each, two for each of those who work at least where several do; in one where that is not worth a way. */
export function pieces(events: number, eventMs: number, workers: number): readonly Part[] {
  if (events * eventMs < limits.elasticPieceMs) return events === 0 ? [] : [{ from: 0, to: events }];
  const size = Math.max(1, Math.min(Math.ceil(limits.elasticPieceMs / Math.max(eventMs, leastMs)), workers < 2 ? events : Math.ceil(events / (2 * workers))));
  return Array.from({ length: Math.ceil(events / size) }, (_, index) => ({ from: index * size, to: Math.min(events, (index + 1) * size) }));
}

const leastMs = 0.001;
