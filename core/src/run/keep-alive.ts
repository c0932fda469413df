/**
 * How long a function stays warm after its last call, and when it is made warm again before the next: the hybrid histogram policy of
 * "Serverless in the Wild" (Shahrad et al., USENIX ATC 2020, section 4), with bins of equal ratio in place of minutes, since functions
 * here are called every second as well as every hour.
 *
 *     call ── idle time of the histogram ──▶ next call
 *       └ keep until the tail (99 %) … or let go at once, make warm shortly before the head (5 %), keep until the tail
 */
export interface IdleTimes {
  /** A call came so long after the end of the one before. */
  add(idleMs: number): void;
  plan(): WarmPlan;
}

export interface WarmPlan {
  /** Time after a call at which the function is to be made warm; 0: it stays warm. */
  readonly warmAfterMs: number;
  /** Time after a call at which it may be let go, if no other came. */
  readonly letGoAfterMs: number;
  /** Whether its calls so far say it. */
  readonly isKnown: boolean;
}

const firstMs = 50;
const ratio = 1.35;
/** The last bin takes what is over five hours. */
const bins = 42;
const head = 0.05;
const tail = 0.99;
const margin = 0.1;
/** Fewer calls, or calls all over the place, say nothing: then it is kept for a fixed time, as the paper has it. */
const callsMin = 8;
const variationMin = 1.5;
const fixedMs = 60_000;
/** To let go and start again is worth it only for so long a time. */
const gapMinMs = 5_000;

export const createIdleTimes = (): IdleTimes => new IdleHistogram();

/** A class, since each function has one: methods are shared. */
class IdleHistogram implements IdleTimes {
  #counts: Uint16Array | undefined;
  #total = 0;

  add(idleMs: number): void {
    const counts = (this.#counts ??= new Uint16Array(bins));
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(Math.log(Math.max(idleMs, 1) / firstMs) / Math.log(ratio))));
    counts[bin] = (counts[bin] ?? 0) + 1;
    if (++this.#total < 60_000) return;
    this.#total = 0; // old habits weigh half
    for (const [index, count] of counts.entries()) this.#total += counts[index] = count >> 1;
  }

  plan(): WarmPlan {
    const [counts, total] = [this.#counts, this.#total];
    if (counts === undefined || total < callsMin || variation(counts, total) < variationMin) return unknownPlan;
    const from = lowerEdge(binAt(counts, total, head)) * (1 - margin);
    const to = upperEdge(binAt(counts, total, tail)) * (1 + margin);
    return { warmAfterMs: from < gapMinMs ? 0 : from, letGoAfterMs: to, isKnown: true };
  }
}

const unknownPlan: WarmPlan = { warmAfterMs: 0, letGoAfterMs: fixedMs, isKnown: false };

const upperEdge = (bin: number): number => firstMs * ratio ** bin;
const lowerEdge = (bin: number): number => (bin === 0 ? 0 : upperEdge(bin - 1));

function binAt(counts: Uint16Array, total: number, share: number): number {
  let seen = 0;
  for (const [bin, count] of counts.entries()) {
    seen += count;
    if (seen >= share * total) return bin;
  }
  return counts.length - 1;
}

/** Coefficient of variation of the bins' counts: high where few bins hold most. */
function variation(counts: Uint16Array, total: number): number {
  const mean = total / counts.length;
  const square = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  return Math.sqrt(square) / mean;
}
