/**
 * No node waits more than three times its fair share when all come at once.
 *
 * Definition. A node's **wait** runs from its first frame to the parent after the outage until the parent holds on its disk all that
 * the node had at the end of the outage. Two orders are fair: everybody in the order of coming, and all who are there at once with
 * equal shares of the parent's rate (egalitarian processor sharing: Kleinrock, "Queueing Systems", volume 2, 1976, chapter 4). The
 * first is hard on those who bring little, the second on those who bring much. A node's **fair share** is the longer of the two waits
 * that they would have given it, had the parent worked without a pause at the rate R: its own, the bytes a millisecond of the tenth
 * of the work that it did fastest. To the share a floor is added: what a node needs on an idle parent, one late frame and one
 * reconnection included.
 */

export interface StormWait {
  readonly node: string;
  readonly arrivedMs: number;
  /** Undefined: never. */
  readonly servedMs: number | undefined;
  readonly bytes: number;
}

export interface FairShareBounds {
  readonly factorMax: number;
  readonly floorMs: number;
}

export interface FairShareResult {
  readonly violations: readonly string[];
  /** The largest wait over fair share, floor included. */
  readonly factorHigh: number;
  readonly waitMsHigh: number;
  readonly fairShareMsHigh: number;
}

const violationsShown = 5;

export function checkFairShare(waits: readonly StormWait[], { factorMax, floorMs }: FairShareBounds): FairShareResult {
  const served = waits.flatMap((wait) => (wait.servedMs === undefined ? [] : [{ ...wait, servedMs: wait.servedMs }]));
  const never = waits.filter(({ servedMs }) => servedMs === undefined).map(({ node }) => `${node} was never served`);
  const rate = rateOf(served);
  const orders = [inOrder(waits, rate), withEqualShares(waits, rate)];
  const found: { readonly factor: number; readonly text: string }[] = [];
  let factorHigh = 0;
  let waitMsHigh = 0;
  let fairShareMsHigh = 0;
  for (const { node, arrivedMs, servedMs } of served) {
    const waitMs = servedMs - arrivedMs;
    const shareMs = Math.max(...orders.map((shares) => shares.get(node) ?? 0)) + floorMs;
    const factor = waitMs / shareMs;
    factorHigh = Math.max(factorHigh, factor);
    waitMsHigh = Math.max(waitMsHigh, waitMs);
    fairShareMsHigh = Math.max(fairShareMsHigh, shareMs);
    if (factor > factorMax) found.push({ factor, text: `${node} waited ${Math.round(waitMs)} ms, ${factor.toFixed(1)} times its fair share of ${Math.round(shareMs)} ms` });
  }
  found.sort((a, b) => b.factor - a.factor);
  const all = [...never, ...found.map(({ text }) => text)];
  const violations = all.length > violationsShown ? [...all.slice(0, violationsShown), `and ${all.length - violationsShown} more nodes waited too long`] : all;
  return { violations, factorHigh, waitMsHigh, fairShareMsHigh };
}

/** Bytes a millisecond in the fastest tenth of the work. */
function rateOf(served: readonly (StormWait & { readonly servedMs: number })[]): number {
  const ordered = served.toSorted((a, b) => a.servedMs - b.servedMs);
  const begin = Math.min(...ordered.map(({ arrivedMs }) => arrivedMs));
  const tenth = ordered.reduce((sum, { bytes }) => sum + bytes, 0) / 10;
  let best = 0;
  let bytes = 0;
  let from = 0;
  for (const { servedMs, bytes: more } of ordered) {
    bytes += more;
    for (let first = ordered[from]; first !== undefined && bytes - first.bytes >= tenth; first = ordered[++from]) bytes -= first.bytes;
    const startMs = ordered[from - 1]?.servedMs ?? begin;
    if (bytes >= tenth && servedMs > startMs) best = Math.max(best, bytes / (servedMs - startMs));
  }
  return best;
}

/** Waits in the order of coming: the work that is there, own work included, over the rate (Lindley's recursion). */
function inOrder(waits: readonly StormWait[], rate: number): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  let workBytes = 0;
  let atMs = -Infinity;
  for (const { node, arrivedMs, bytes } of waits.toSorted((a, b) => a.arrivedMs - b.arrivedMs)) {
    workBytes = Math.max(0, workBytes - (arrivedMs - atMs) * rate) + bytes;
    atMs = arrivedMs;
    shares.set(node, rate > 0 ? workBytes / rate : 0);
  }
  return shares;
}

/** Waits with equal shares: a virtual time that runs at the rate over the number of nodes present, in which each needs its own bytes. */
function withEqualShares(waits: readonly StormWait[], rate: number): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  if (rate <= 0) return shares;
  const arrivals = waits.toSorted((a, b) => a.arrivedMs - b.arrivedMs);
  /** Those present; the one that is done next is last. */
  const present: { readonly wait: StormWait; readonly doneAt: number }[] = [];
  let virtual = 0;
  let nowMs = arrivals[0]?.arrivedMs ?? 0;
  const advance = (untilMs: number): void => {
    for (let next = present.at(-1); next !== undefined; next = present.at(-1)) {
      const doneMs = nowMs + ((next.doneAt - virtual) * present.length) / rate;
      if (doneMs > untilMs) break;
      nowMs = doneMs;
      virtual = next.doneAt;
      present.pop();
      shares.set(next.wait.node, nowMs - next.wait.arrivedMs);
    }
    if (present.length > 0) virtual += ((untilMs - nowMs) * rate) / present.length;
    nowMs = untilMs;
  };
  for (const wait of arrivals) {
    advance(wait.arrivedMs);
    const doneAt = virtual + wait.bytes;
    present.splice(placeOf(present, doneAt), 0, { wait, doneAt });
  }
  advance(Infinity);
  return shares;
}

/** The place in a list that falls by `doneAt`. */
function placeOf(present: readonly { readonly doneAt: number }[], doneAt: number): number {
  let low = 0;
  let high = present.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((present[middle]?.doneAt ?? -Infinity) > doneAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
