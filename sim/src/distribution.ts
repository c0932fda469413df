import type { SeededRandom } from "./random.ts";

/** How long something takes: a floor, an exponential tail above it, and now and then a stall. Milliseconds. */
export interface Distribution {
  readonly minMs: number;
  /** Mean of what comes on top of the floor. */
  readonly tailMs: number;
  /** Probability of a stall … */
  readonly stallChance: number;
  /** … and its mean length. */
  readonly stallMs: number;
}

/** Draws one duration in milliseconds. */
export function draw(distribution: Distribution, random: SeededRandom): number {
  const usual = distribution.minMs + random.exponential(distribution.tailMs);
  return random.chance(distribution.stallChance) ? usual + random.exponential(distribution.stallMs) : usual;
}
