/** A line whose rate changes as it was recorded; after its end it begins again. */
import { assert } from "@holon/core/errors.ts";
import type { SeededRandom } from "../random.ts";

export interface RatePoint {
  /** Milliseconds since the recording began; rising. */
  readonly atMs: number;
  /** From here to the next point. 0 where nothing got through. */
  readonly bytesPerMs: number;
}

export class LineRate {
  readonly name: string;
  readonly #atMs: Float64Array;
  /** Carried from the beginning up to each point, and at last to the end. */
  readonly #carried: Float64Array;
  readonly #periodMs: number;
  readonly #offsetMs: number;

  /** `endMs`: where the last point's rate ends. */
  constructor(name: string, points: readonly RatePoint[], endMs: number, offsetMs = 0) {
    this.name = name;
    this.#atMs = Float64Array.from(points, ({ atMs }) => atMs);
    this.#carried = new Float64Array(points.length + 1);
    for (const [index, { atMs, bytesPerMs }] of points.entries()) {
      const untilMs = points[index + 1]?.atMs ?? endMs;
      this.#carried[index + 1] = (this.#carried[index] ?? 0) + bytesPerMs * (untilMs - atMs);
    }
    this.#periodMs = endMs;
    this.#offsetMs = offsetMs;
    assert(points[0]?.atMs === 0 && this.#carriedInAll > 0, `the recording ${name} begins at 0 and carries something`);
  }

  /** The same recording, begun somewhere else. */
  from(random: SeededRandom): LineRate {
    return new LineRate(this.name, this.points(), this.#periodMs, random.between(0, this.#periodMs));
  }

  get meanBytesPerMs(): number {
    return this.#carriedInAll / this.#periodMs;
  }

  /** When a line that is free at `startMs` has taken so many bytes. */
  leavesMs(startMs: number, bytes: number): number {
    const target = this.#carriedBy(startMs + this.#offsetMs) + bytes;
    return Math.max(startMs, this.#timeOf(target) - this.#offsetMs);
  }

  points(): readonly RatePoint[] {
    return [...this.#atMs].map((atMs, index) => {
      const untilMs = this.#atMs[index + 1] ?? this.#periodMs;
      return { atMs, bytesPerMs: untilMs === atMs ? 0 : ((this.#carried[index + 1] ?? 0) - (this.#carried[index] ?? 0)) / (untilMs - atMs) };
    });
  }

  get #carriedInAll(): number {
    return this.#carried[this.#carried.length - 1] ?? 0;
  }

  #carriedBy(timeMs: number): number {
    const rounds = Math.floor(timeMs / this.#periodMs);
    const inRoundMs = timeMs - rounds * this.#periodMs;
    const index = lastFitting(this.#atMs, (value) => value <= inRoundMs);
    const sinceMs = inRoundMs - (this.#atMs[index] ?? 0);
    return rounds * this.#carriedInAll + (this.#carried[index] ?? 0) + sinceMs * this.#rateOf(index);
  }

  /** The first moment by which so much was carried. */
  #timeOf(carried: number): number {
    const rounds = Math.floor(carried / this.#carriedInAll);
    const inRound = carried - rounds * this.#carriedInAll;
    const index = Math.min(this.#atMs.length - 1, lastFitting(this.#carried, (value) => value < inRound));
    const rate = this.#rateOf(index);
    return rounds * this.#periodMs + (this.#atMs[index] ?? 0) + (rate === 0 ? 0 : (inRound - (this.#carried[index] ?? 0)) / rate);
  }

  #rateOf(index: number): number {
    const untilMs = this.#atMs[index + 1] ?? this.#periodMs;
    const lengthMs = untilMs - (this.#atMs[index] ?? 0);
    return lengthMs === 0 ? 0 : ((this.#carried[index + 1] ?? 0) - (this.#carried[index] ?? 0)) / lengthMs;
  }
}

/** Index of the last of rising values that fits; 0 if none does. */
function lastFitting(values: Float64Array, fits: (value: number) => boolean): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(values[middle] ?? Infinity)) low = middle;
    else high = middle - 1;
  }
  return low;
}
