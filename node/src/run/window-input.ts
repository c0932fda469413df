/** What stands between the log and a function that is triggered by windows: records in; windows, what was left out, and state to store. */
import { limits } from "@holon/core/limits.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import type { DataClass, StoredEvent } from "@holon/core/schema/event.ts";
import type { WindowTrigger } from "@holon/core/schema/trigger.ts";
import { toWindowEvent } from "@holon/core/stream/window-event.ts";
import { WindowStage, type LeftOut, type StageInput, type WindowCounts } from "@holon/core/stream/window-stage.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export const windowCell = (unit: string, name: string): string => `window/${unit}/${name}`;

/** Events, as a function sees them and as they are stored. */
export interface Came {
  readonly events: readonly UnitEvent[];
  readonly stored: readonly StoredEvent[];
}

export interface WindowInputStep {
  /** One for each window. */
  readonly events: readonly UnitEvent[];
  /** Of those that came, so many were taken. */
  readonly consumed: number;
  /** To be appended with what the function gives. */
  readonly records: readonly NewRecord[];
  /** To be stored too: once, before the next step. Who waits for what the windows lead to does not wait for what is written of them. */
  cells(): readonly CellChange[];
  /** Events over a bound: left out. */
  readonly full: number;
}

export interface WindowInput {
  step(came: Came): WindowInputStep;
  /** Whether a step without events gives windows now. */
  isDue(): boolean;
  /** How long until silence gives windows; undefined if it does not. */
  idleInMs(): number | undefined;
  status(): WindowCounts & { readonly waiting: number };
}

interface WindowInputOptions {
  readonly unit: string;
  readonly trigger: WindowTrigger;
  readonly log: Pick<SegmentLog, "cells">;
  readonly events: Events;
  monotonicMs(): number;
}

const reasons: readonly LeftOut["why"][] = ["late", "ahead", "full"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Goes on from what the log's cells hold. */
export function openWindowInput({ unit, trigger, log, events, monotonicMs }: WindowInputOptions): WindowInput {
  const prefix = windowCell(unit, "");
  const saved = new Map([...log.cells(prefix)].map(([key, value]) => [key.slice(prefix.length), decoder.decode(value)]));
  const stage = new WindowStage(trigger, saved, monotonicMs());

  function asideRecord({ event }: LeftOut, dataClass: DataClass): NewRecord {
    const { id, type, source, subject, timeMs, data } = event;
    return events.record({ stream: "local", type: "holon.window.late", class: dataClass, producer: unit, subject, timeMs, causedBy: id, data: { function: unit, type, source, data } });
  }

  /** One for all that were left out for the same reason. */
  function refusedRecords(leftOut: readonly LeftOut[]): readonly NewRecord[] {
    const [first, last] = [leftOut[0], leftOut.at(-1)];
    if (first === undefined || last === undefined) return [];
    const times = leftOut.map(({ event }) => event.timeMs);
    const bounds = { fromMs: times.reduce((a, b) => Math.min(a, b)), toMs: times.reduce((a, b) => Math.max(a, b)), first: first.event.id, last: last.event.id };
    const data = { function: unit, why: first.why, ...(first.why === "full" ? { code: "HOLON_WINDOW_FULL" } : {}), count: leftOut.length, ...bounds };
    return [events.record({ stream: "telemetry", type: "holon.window.refused", class: "public", producer: unit, data })];
  }

  return {
    step({ events: came, stored }) {
      const input = came.map((event, index): StageInput => ({ event, isArrivalKnown: stored[index]?.clock !== "unknown" }));
      const { windows, leftOut, consumed } = stage.step(input, monotonicMs());
      const classOf = ({ event }: LeftOut): DataClass => stored[came.indexOf(event)]?.class ?? "raw";
      const aside = leftOut.filter((one) => one.aside).map((one) => asideRecord(one, classOf(one)));
      const refused = leftOut.length === 0 ? [] : reasons.flatMap((why) => refusedRecords(leftOut.filter((one) => !one.aside && one.why === why)));
      return {
        events: windows.map((window) => toWindowEvent(window, trigger.type, trigger.by)),
        consumed,
        records: [...aside, ...refused],
        cells: () => stage.takeChanges().map(([name, text]) => ({ key: windowCell(unit, name), value: text === null ? null : encoder.encode(text) })),
        full: leftOut.filter(({ why }) => why === "full").length,
      };
    },
    isDue: () => stage.hasDue || (stage.idleAtMs() ?? Number.POSITIVE_INFINITY) <= monotonicMs(),
    idleInMs() {
      const atMs = stage.idleAtMs();
      return atMs === undefined ? undefined : Math.min(Math.max(0, atMs - monotonicMs()), limits.windowSpanMsMax);
    },
    status: () => ({ ...stage.counts, waiting: stage.waiting }),
  };
}
