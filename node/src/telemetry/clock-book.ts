/**
 * What is known of the clocks of others, kept over starts: what was measured from here, and what nodes above them said of the rest. A clock that differs is told to those above, who cannot measure
 * it; so is that it does no more.
 */
import { limits } from "@holon/core/limits.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { KeptRuns } from "@holon/core/telemetry/clock-runs.ts";
import type { FleetView } from "@holon/core/telemetry/fleet-view.ts";
import { z } from "zod";
import { createClocks, type ClocksOptions } from "./clocks.ts";

export interface ClockBook {
  /** What was kept is known again. */
  start(): void;
  /** Who is connected now. */
  changed(connected: readonly string[]): void;
  /** `atMs`: when it was said, by the clock of who did. */
  heard(teller: string, words: readonly { readonly node: string; readonly offMs: number; readonly epoch?: string | undefined }[], atMs: number): void;
  /** Who has said so before. */
  tellers(): readonly string[];
  close(): void;
}

export interface ClockBookOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, "cells" | "origin" | "heads">;
  readonly view: Pick<FleetView, "clock" | "clocks" | "stepped" | "recorded" | "clockRuns" | "hadClockRuns">;
  readonly ask: ClocksOptions["ask"];
  /** What the log holds was read: what is known now is all that there is. */
  isReady(): boolean;
  append(cells: readonly CellChange[]): void;
  tell(node: string, offMs: number, epoch: string | undefined): void;
}

const prefix = "telemetry/clock/";
const heardPrefix = "telemetry/clock-heard/";
const runsPrefix = "telemetry/clock-runs/";
const encoder = new TextEncoder();

export function createClockBook({ clock, log, view, ask, isReady, append, tell }: ClockBookOptions): ClockBook {
  const self = log.origin;
  const told = new Map(wordsIn(log).filter(({ teller }) => teller === self).map(({ node, offMs }) => [node, offMs]));
  let keeping: Timer | undefined;
  const clocks = createClocks({ clock, ask, stepped: view.stepped, told: measured });

  function measured(node: string, offMs: number, isSynced: boolean, epoch: string | undefined): void {
    // Against what was told last, and not what was measured last: one that drifts is off by a little more each time.
    const before = told.get(node) ?? 0;
    view.clock(self, node, offMs, isSynced, epoch, clock.wall().ms + offMs);
    keep();
    if (isOff(offMs) === isOff(before) && (!isOff(offMs) || Math.abs(offMs - before) < limits.clockOffMs / 2)) return;
    told.set(node, offMs);
    tell(node, Math.round(offMs), epoch);
  }

  /** What was read again at a start is not news: only what it comes to is kept. */
  function keep(): void {
    keeping ??= clock.after(limits.clockKeepMs, () => {
      keeping = undefined;
      if (!isReady()) return keep();
      const changes = [...wordChanges(log, view.clocks()), ...runChanges(log, view.clockRuns())];
      if (changes.length > 0) append(changes);
    });
  }

  return {
    start() {
      for (const { teller, node, offMs } of wordsIn(log)) view.clock(teller, node, offMs);
      for (const runs of runsIn(log)) view.hadClockRuns(runs);
      for (const { lane, mark } of log.heads().values()) if (lane.stream === "telemetry" && lane.branch === undefined) view.recorded(lane.origin, mark.epoch);
    },
    changed: clocks.changed,
    heard(teller, words, atMs) {
      for (const { node, offMs, epoch } of words) view.clock(teller, node, offMs, false, epoch, atMs + offMs);
      if (words.length > 0) keep();
    },
    tellers: () => wordsIn(log).map(({ teller }) => teller),
    close() {
      clocks.close();
      keeping?.cancel();
    },
  };
}

const isOff = (offMs: number | undefined): boolean => offMs !== undefined && Math.abs(offMs) >= limits.clockOffMs;

interface ClockWord {
  readonly teller: string;
  readonly node: string;
  readonly offMs: number;
}

const cellOf = (self: string, { teller, node }: ClockWord): string => (teller === self ? `${prefix}${node}` : `${heardPrefix}${teller}/${node}`);

/** Words by which a clock is off, whoever said so and however long ago: what is in the log is read with them after a start. */
function wordsIn(log: Pick<Log, "cells" | "origin">): readonly ClockWord[] {
  const own = [...log.cells(prefix)].map(([key, value]) => ({ teller: log.origin as string, node: key.slice(prefix.length), offMs: numberOf(value) }));
  const heard = [...log.cells(heardPrefix)].flatMap(([key, value]) => {
    const [teller, node] = key.slice(heardPrefix.length).split("/");
    return teller === undefined || node === undefined ? [] : [{ teller, node, offMs: numberOf(value) }];
  });
  return [...own, ...heard];
}

const numberOf = (value: Uint8Array): number => Number(new TextDecoder().decode(value));

/** So that these are the words that are kept. */
function wordChanges(log: Pick<Log, "cells" | "origin">, now: readonly ClockWord[]): readonly CellChange[] {
  const keyed = (words: readonly ClockWord[]): ReadonlyMap<string, number> => new Map(words.map((word) => [cellOf(log.origin, word), word.offMs]));
  const [kept, wanted] = [keyed(wordsIn(log)), keyed(now)];
  const changed = [...wanted].filter(([key, offMs]) => kept.get(key) !== offMs).map(([key, offMs]) => ({ key, value: encoder.encode(String(offMs)) }));
  return [...changed, ...[...kept.keys()].filter((key) => !wanted.has(key)).map((key) => ({ key, value: null }))];
}

const runsSchema = z.object({ epoch: z.string(), offMs: z.number(), others: z.array(z.tuple([z.string(), z.number()])), stretches: z.array(z.object({ epoch: z.string(), offMs: z.number(), fromMs: z.number(), untilMs: z.number(), nextMs: z.number() })).optional() });

/** With which clocks nodes recorded before they were started anew. What does not read says nothing. */
function runsIn(log: Pick<Log, "cells">): readonly KeptRuns[] {
  return [...log.cells(runsPrefix)].flatMap(([key, value]) => {
    const { success, data } = runsSchema.safeParse(parseJson(value));
    return success ? [{ node: key.slice(runsPrefix.length), ...data }] : [];
  });
}

function runChanges(log: Pick<Log, "cells">, now: readonly KeptRuns[]): readonly CellChange[] {
  const wanted = new Map(now.map(({ node, ...runs }) => [`${runsPrefix}${node}`, JSON.stringify(runs)]));
  const kept = new Map([...log.cells(runsPrefix)].map(([key, value]) => [key, new TextDecoder().decode(value)]));
  const changed = [...wanted].filter(([key, text]) => kept.get(key) !== text).map(([key, text]) => ({ key, value: encoder.encode(text) }));
  return [...changed, ...[...kept.keys()].filter((key) => !wanted.has(key)).map((key) => ({ key, value: null }))];
}
