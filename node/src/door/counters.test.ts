import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { Reading } from "@holon/core/ports.ts";
import { counterSchema } from "@holon/core/schema/trigger.ts";
import { lorawanFiles, lorawanTruth, needLorawan, readUplinks, saidBy, type Uplink } from "../testing/lorawan.ts";
import { openDeviceCounters, type CounterCounts, type GapNews } from "./counters.ts";

const rule = counterSchema.parse({ field: "fcnt", session: "devaddr", content: ["said"] });

/** Cells as a log keeps them: what a restart finds. */
class Cells {
  readonly values = new Map<string, Uint8Array>();
  cell = (key: string): Uint8Array | undefined => this.values.get(key);
  cells = (prefix: string): ReadonlyMap<string, Uint8Array> => new Map([...this.values].filter(([key]) => key.startsWith(prefix)));
  store(changes: readonly CellChange[]): void {
    for (const { key, value } of changes) if (value !== null) this.values.set(key, value);
  }
}

const toReading = (row: Uplink): Reading => ({ type: "lora.uplink", subject: row.dev_eui, timeMs: row.reported_at, data: { fcnt: row.fcnt, devaddr: row.devaddr, said: saidBy(row) } });

/** Sifts rows in batches; every `restartEvery` batches it starts anew from the cells. */
function siftAll(rows: readonly Uplink[], batch: number, restartEvery: number): { readonly kept: readonly number[]; readonly gaps: readonly GapNews[]; readonly counts: CounterCounts; readonly cells: Cells } {
  const cells = new Cells();
  const indexByReading = new Map<Reading, number>();
  const kept: number[] = [];
  const gaps: GapNews[] = [];
  let counters = openDeviceCounters(rule, "app", "lora", cells);
  for (let from = 0, number = 0; from < rows.length; from += batch, number++) {
    const readings = rows.slice(from, from + batch).map((row, index) => {
      const reading = toReading(row);
      indexByReading.set(reading, from + index);
      return reading;
    });
    counters.sift(readings); // an append that fails: as if it had never been
    const sifted = counters.sift(readings);
    cells.store(sifted.cells);
    sifted.stored();
    for (const { reading } of sifted.readings) kept.push(indexByReading.get(reading) ?? -1);
    gaps.push(...sifted.gaps);
    if (number % restartEvery === restartEvery - 1) counters = openDeviceCounters(rule, "app", "lora", cells);
  }
  return { kept, gaps, counts: counters.counts(), cells };
}

/** What is missing after all news, as ranges `device session first-last`. */
function openGaps(news: readonly GapNews[]): readonly string[] {
  const missing = new Map<string, Set<number>>();
  for (const { kind, device, session, life, first, last } of news) {
    const key = `${device} ${session} ${life}`;
    const of = missing.get(key) ?? new Set();
    missing.set(key, of);
    for (let counter = first; counter <= last; counter++) {
      if (kind === "opened") of.add(counter);
      else assert.ok(of.delete(counter), `${key} ${counter} was filled and not open`);
    }
  }
  return [...missing].flatMap(([key, counters]) => rangesOf([...counters].sort((a, b) => a - b)).map((range) => `${key.slice(0, key.lastIndexOf(" "))} ${range}`)).sort();
}

function rangesOf(sorted: readonly number[]): readonly string[] {
  const ranges: [number, number][] = [];
  for (const counter of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === counter - 1) range[1] = counter;
    else ranges.push([counter, counter]);
  }
  return ranges.map(([first, last]) => `${first}-${last}`);
}

describe("the LoRaWAN recordings", () => {
  for (const [name, file] of Object.entries(lorawanFiles)) {
    it(`${name}: every repeat is removed, no frame is, and gaps are exact, over restarts`, needLorawan, (context) => {
      const rows = readUplinks(file);
      const truth = lorawanTruth(rows);
      for (const [batch, restartEvery] of [[512, 1_000_000], [5, 1_000_000], [37, 5]] as const) {
        const sifted = siftAll(rows, batch, restartEvery);
        assert.deepEqual(sifted.kept, truth.frames);
        assert.equal(sifted.counts.duplicates, truth.duplicates);
        assert.equal(sifted.counts.frames, truth.frames.length);
        assert.deepEqual(openGaps(sifted.gaps), truth.gaps);
        assert.equal(sifted.counts.missing, truth.missing);
        assert.equal(sifted.counts.uncounted + sifted.counts.unfollowed, 0);
      }
      const { counts, cells, gaps } = siftAll(rows, 512, 1);
      const cellBytes = [...cells.values.values()].reduce((sum, value) => sum + value.length, 0);
      context.diagnostic(`${name}: ${rows.length} rows, ${JSON.stringify(counts)}, ${truth.gaps.length} gaps at the end, ${gaps.filter(({ kind }) => kind === "opened").length} told, ${gaps.filter(({ kind }) => kind === "filled").length} frames filled one, ${cellBytes} bytes remembered`);
    });
  }
});

const read = (subject: string, data: unknown): Reading => ({ type: "a.b", subject, timeMs: undefined, data });

test("readings without a counter, and of devices over the bound, pass and are counted", () => {
  const cells = new Cells();
  const counters = openDeviceCounters(counterSchema.parse({ field: "n" }), "app", "s", cells);
  const readings = [...Array.from({ length: limits.counterDevicesMax + 2 }, (_, index) => read(`d${index}`, { n: 1 })), read("d0", { n: "1" }), read("d0", {}), read("d0", { n: 1 })];
  const sifted = counters.sift(readings);
  sifted.stored();
  assert.equal(sifted.readings.length, readings.length - 1);
  const { uncounted, unfollowed, duplicates } = counters.counts();
  assert.deepEqual({ uncounted, unfollowed, duplicates }, { uncounted: 2, unfollowed: 2, duplicates: 1 });
});
