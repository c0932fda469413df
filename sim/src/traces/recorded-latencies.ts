/** Round trips as they were measured, halved for one way: of homes in turns of 15.7 s, of laboratories and cloud regions once. */
import { readFileSync } from "node:fs";
import type { SeededRandom } from "../random.ts";
import { once, recordedText, recordingPath } from "./recordings.ts";

/** One way between two places: a value per turn, and again from the beginning after the last. */
export interface RecordedLatency {
  readonly name: string;
  readonly turnMs: number;
  readonly oneWayMs: readonly number[];
}

const homesTurnMs = 15_700;

export const latencyAt = ({ turnMs, oneWayMs }: RecordedLatency, nowMs: number): number => oneWayMs[Math.floor(nowMs / turnMs) % oneWayMs.length] ?? 0;

/** Two people's own machines in one city. */
export function betweenHomes(random: SeededRandom): RecordedLatency {
  const turns = homes();
  const size = turns[0]?.length ?? 0;
  const from = random.integer(0, size - 1);
  const to = (from + random.integer(1, size - 1)) % size;
  return { name: `seattle ${from}-${to}`, turnMs: homesTurnMs, oneWayMs: turns.map((matrix) => ((matrix[from]?.[to] ?? 0) * 1_000) / 2) };
}

/** Two laboratories, or two cloud regions. */
export function betweenSites(random: SeededRandom): RecordedLatency {
  if (random.chance(0.5)) {
    const rows = regions();
    const [name, ms] = rows[random.integer(0, rows.length - 1)] ?? ["none", 0];
    return { name, turnMs: 1, oneWayMs: [ms / 2] };
  }
  const matrix = laboratories();
  const from = random.integer(0, matrix.length - 1);
  const to = (from + random.integer(1, matrix.length - 1)) % matrix.length;
  return { name: `planetlab ${from}-${to}`, turnMs: 1, oneWayMs: [(matrix[from]?.[to] ?? 0) / 2] };
}

/** One way from each home to what is near it, a tenth of the others being nearer; milliseconds. */
export const homesOneWayMs = once((): readonly number[] =>
  (homes()[0] ?? []).flatMap((row) => {
    const measured = row.filter((seconds) => seconds > 0).sort((a, b) => a - b);
    const near = measured[Math.floor(measured.length / 10)];
    return near === undefined ? [] : [(near * 1_000) / 2];
  }),
);
/** One way between laboratories that are near each other; milliseconds, one for each pair that was measured. */
export const nearOneWayMs = once((): readonly number[] => laboratories().flat().flatMap((ms) => (ms > 0 && ms <= nearMs ? [ms / 2] : [])));
/** Round trips up to here stay within a part of the world. */
const nearMs = 40;

type Matrix = readonly (readonly number[])[];

const homes = once((): readonly Matrix[] => recordedText("net-latency", "seattle_rtt_t001-060.txt.gz").trim().split(/\n\s*\n/).map(matrixOf).filter((matrix) => matrix.length > 1));
const laboratories = once((): Matrix => matrixOf(recordedText("net-latency", "planetlab_rtt_1.txt.gz")));

const regions = once((): readonly (readonly [string, number])[] => {
  const [, ...lines] = readFileSync(recordingPath("net-latency", "raw_gcp_latency.csv"), "utf8").trim().split(/\r?\n/);
  return lines.flatMap((line) => {
    const [from = "", to = "", ms = ""] = line.split(",");
    return Number(ms) > 0 ? [[`gcp ${from}-${to}`, Number(ms)] as const] : [];
  });
});

const matrixOf = (text: string): Matrix => text.trim().split(/\r?\n/).map((line) => line.trim().split(/\s+/).map((cell) => Math.max(0, Number(cell) || 0)));
