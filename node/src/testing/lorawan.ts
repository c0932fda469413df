/** The LoRaWAN recordings beside the repository, and what is true of them, found by looking at each file as a whole. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const folder = resolve(import.meta.dirname, "../../../../shared/data/lorawan-uplinks");

export const needLorawan: { readonly skip: string | false } = { skip: existsSync(folder) ? false : "the LoRaWAN recordings (../shared/data/lorawan-uplinks) are not here" };

export const lorawanFiles = { testers: resolve(folder, "FTD_0018B20000020.ndjson.gz"), weather: resolve(folder, "EMS_A81758FFFE04B1C1.ndjson.gz") } as const;

export interface Uplink {
  readonly dev_eui: string;
  readonly devaddr: string;
  readonly fcnt: number;
  readonly reported_at: number;
  /** When the archive had it. */
  readonly arrivedMs: number;
  readonly decoded: { readonly payload?: Readonly<Record<string, unknown>> };
}

/** Rows in the order of arrival. */
export const readUplinks = (file: string): readonly Uplink[] =>
  gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n").map((line): Uplink => {
    const row = JSON.parse(line);
    return { ...row, arrivedMs: row["_timestamp"] };
  });

/** What a sensor said, for comparison: repeats of a frame say the same. */
export const saidBy = (uplink: Uplink): string => JSON.stringify(uplink.decoded.payload ?? null);

export interface LorawanTruth {
  /** Index of the first row of each frame. */
  readonly frames: readonly number[];
  readonly duplicates: number;
  /** Counters between the lowest and the highest of each session that no row has, as `device session first-last`, sorted. */
  readonly gaps: readonly string[];
  readonly missing: number;
}

/**
 * A frame is a device, a session, a counter and what was said: nothing online, no window, no order but that of first rows.
 * Where one session holds a counter twice with different words, the address was given out again: the session is cut at the row
 * with which the second begins.
 */
export function lorawanTruth(rows: readonly Uplink[]): LorawanTruth {
  const firstRow = new Map<string, number>();
  rows.forEach((row, index) => {
    const key = JSON.stringify([row.dev_eui, row.devaddr, row.fcnt, saidBy(row)]);
    if (!firstRow.has(key)) firstRow.set(key, index);
  });
  const frames = [...firstRow.values()].sort((a, b) => a - b);
  const sessions = Map.groupBy(frames, (index) => `${rows[index]?.dev_eui ?? ""} ${rows[index]?.devaddr ?? ""}`);
  const gaps: string[] = [];
  let missing = 0;
  for (const [name, ofSession] of sessions) {
    for (const counters of cutWhereReused(ofSession.map((index) => rows[index]?.fcnt ?? 0))) {
      const heard = [...counters].sort((a, b) => a - b);
      heard.forEach((counter, at) => {
        const before = heard[at - 1];
        if (before === undefined || counter === before + 1) return;
        gaps.push(`${name} ${before + 1}-${counter - 1}`);
        missing += counter - before - 1;
      });
    }
  }
  return { frames, duplicates: rows.length - frames.length, gaps: gaps.sort(), missing };
}

function cutWhereReused(counters: readonly number[]): readonly ReadonlySet<number>[] {
  const parts: Set<number>[] = [new Set()];
  for (const counter of counters) {
    if (parts.at(-1)?.has(counter) === true) parts.push(new Set());
    parts.at(-1)?.add(counter);
  }
  return parts;
}
