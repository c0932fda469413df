/**
 * What a source's devices count: repeats are removed before they are stored, gaps and beginnings are told, and what is remembered is
 * stored in the same append as the readings. So a reading that a door hands over again after a crash is a repeat too.
 */
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { Reading } from "@holon/core/ports.ts";
import type { CounterRule } from "@holon/core/schema/trigger.ts";
import { digestOf, judgeFrame, newDevice, type DeviceState, type Frame, type Verdict } from "@holon/core/stream/deduplicate.ts";
import { copyDevice, parseDevice, printDevice } from "@holon/core/stream/device-cell.ts";
import { fieldOf } from "@holon/core/stream/field.ts";
import { toDeviceRange, type CounterRange, type DeviceRange } from "@holon/core/stream/gaps.ts";
import { z } from "zod";

/** All since the source was first opened: stored with the readings. */
const countsSchema = z.strictObject({
  /** Readings taken in: those that were no repeat. */
  frames: z.int(),
  duplicates: z.int(),
  /** Beginnings of a count. */
  lives: z.int(),
  /** Counters skipped and not heard since. */
  missing: z.int(),
  /** Frames that came after a higher counter. */
  late: z.int(),
  /** Readings without a counter: passed as they are. */
  uncounted: z.int(),
  /** Readings of devices over the bound: passed as they are. */
  unfollowed: z.int(),
});
export type CounterCounts = z.infer<typeof countsSchema>;

/** A change of what is missing, as it is told. */
export interface GapNews extends DeviceRange {
  readonly kind: "opened" | "filled";
  readonly device: string;
  readonly session: string;
  readonly life: number;
}

export interface Sifted {
  /** Readings that are no repeats, each with its counter. */
  readonly readings: readonly { readonly reading: Reading; readonly counter: number | undefined }[];
  readonly gaps: readonly GapNews[];
  readonly cells: readonly CellChange[];
  /** To be called when all of it is on disk; without it nothing was remembered. */
  stored(): void;
}

export interface DeviceCounters {
  /** Judges readings in the order of their arrival. The next call comes after `stored`, or replaces this one. */
  sift(readings: readonly Reading[]): Sifted;
  counts(): CounterCounts;
}

export const counterCell = (app: string, source: string, device: string): string => `counter/${app}/${source}/${device}`;
export const counterTotalsCell = (app: string, source: string): string => `counters/${app}/${source}`;

const encoder = new TextEncoder();
const none: CounterCounts = { frames: 0, duplicates: 0, lives: 0, missing: 0, late: 0, uncounted: 0, unfollowed: 0 };

interface CellReader {
  cell(key: string): Uint8Array | undefined;
  cells(prefix: string): ReadonlyMap<string, Uint8Array>;
}

export function openDeviceCounters(rule: CounterRule, app: string, source: string, log: CellReader): DeviceCounters {
  const prefix = counterCell(app, source, "");
  const devices = new Map([...log.cells(prefix)].map(([key, value]) => [key.slice(prefix.length), parseDevice(parseJson(value))]));
  const totals = log.cell(counterTotalsCell(app, source));
  let counts = totals === undefined ? none : countsSchema.parse(parseJson(totals));

  return {
    counts: () => counts,
    sift(readings) {
      const draft = new Map<string, DeviceState>();
      let fresh = 0;
      /** The device's state, to be changed; undefined for a further device at the bound. */
      const followed = (name: string): DeviceState | undefined => {
        const drafted = draft.get(name);
        if (drafted !== undefined) return drafted;
        const known = devices.get(name);
        if (known === undefined && devices.size + fresh >= limits.counterDevicesMax) return undefined;
        if (known === undefined) fresh += 1;
        const device = known === undefined ? newDevice() : copyDevice(known);
        draft.set(name, device);
        return device;
      };
      const next = { ...counts };
      const gaps: GapNews[] = [];
      const kept: { reading: Reading; counter: number | undefined }[] = [];
      for (const reading of readings) {
        const name = reading.subject ?? "";
        const frame = frameOf(reading.data, rule);
        const device = frame === undefined ? undefined : followed(name);
        if (frame === undefined) next.uncounted += 1;
        else if (device === undefined) next.unfollowed += 1;
        else {
          const verdict = judgeFrame(device, frame, rule);
          tally(next, verdict);
          for (const news of newsOf(verdict, rule.bits)) gaps.push({ ...news, device: name, session: frame.session, life: verdict.life });
          if (verdict.kind === "duplicate") continue;
        }
        kept.push({ reading, counter: frame?.counter });
      }
      const cells = [
        ...[...draft].map(([name, device]) => ({ key: counterCell(app, source, name), value: encoder.encode(printDevice(device, rule.remember)) })),
        { key: counterTotalsCell(app, source), value: encoder.encode(JSON.stringify(next)) },
      ];
      const stored = (): void => {
        for (const [name, device] of draft) devices.set(name, device);
        counts = next;
      };
      return { readings: kept, gaps, cells, stored };
    },
  };
}

function frameOf(data: unknown, rule: CounterRule): Frame | undefined {
  const counter = fieldOf(data, rule.field);
  if (typeof counter !== "number" || !Number.isInteger(counter) || counter < 0 || counter >= 2 ** rule.bits) return undefined;
  const session = rule.session === undefined ? undefined : fieldOf(data, rule.session);
  const digest = rule.content.length === 0 ? 1 : digestOf(JSON.stringify(rule.content.map((path) => fieldOf(data, path) ?? null)));
  return { counter, session: session === undefined || session === null ? "" : String(session).slice(0, 256), digest };
}

function tally(counts: { -readonly [Key in keyof CounterCounts]: number }, verdict: Verdict): void {
  if (verdict.kind === "duplicate") {
    counts.duplicates += 1;
    return;
  }
  counts.frames += 1;
  if (verdict.kind === "restart") {
    counts.lives += 1;
    return;
  }
  if (verdict.kind === "late") counts.late += 1;
  counts.missing += sizeOf(verdict.gap) - (verdict.kind === "late" ? sizeOf(verdict.filled) : 0);
}

const sizeOf = (range: CounterRange | undefined): number => (range === undefined ? 0 : range.last - range.first + 1);

function newsOf(verdict: Verdict, bits: number): readonly (DeviceRange & { readonly kind: GapNews["kind"] })[] {
  if (verdict.kind === "duplicate" || verdict.kind === "restart") return [];
  const opened = verdict.gap === undefined ? [] : [{ kind: "opened" as const, ...toDeviceRange(verdict.gap, bits) }];
  const filled = verdict.kind === "new" || verdict.filled === undefined ? [] : [{ kind: "filled" as const, ...toDeviceRange(verdict.filled, bits) }];
  return [...opened, ...filled];
}
