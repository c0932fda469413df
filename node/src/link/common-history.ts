/**
 * How far two logs hold the same history of a lane. The chain makes it a search: where two chains agree at the end of a run they agree before
 * it, so the child names ends of its runs, spread over what is open, and the parent says which is the last that it holds.
 */
import { limits } from "@holon/core/limits.ts";
import type { StreamFrame } from "@holon/core/link/frame.ts";
import { isSameStream, laneName, type Lane, type Mark } from "@holon/core/log/log.ts";
import { zeroHash } from "@holon/core/log/merge.ts";
import { lastSequence, runMark, type RunHeader } from "@holon/core/log/run.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { LaneSource } from "./outgoing.ts";

type Point = [sequence: number, hash: string];
/**
 * The last of the points that the parent holds: in which lane, how far that goes, and what follows there. Where it holds none of them, `point` is their
 * number, and the lane one that it has of that stream: that there is another history is said, and not concluded from an answer that says nothing.
 */
export type Found = NonNullable<Extract<StreamFrame["header"], { op: "common" }>["found"]>;

export interface Common {
  /** The last end of a run that both hold; undefined: they have nothing in common. */
  readonly mark: Mark | undefined;
  readonly found: Found | undefined;
  /** Where nothing is common: the end of what the parent has of the stream. Undefined: it has nothing of it, so there is nothing to part from. */
  readonly other: Found | undefined;
}

/** The run that holds a record, or stands for it. */
export async function runAt(log: LaneSource, lane: Lane, sequence: number): Promise<RunHeader | undefined> {
  const [run] = await log.readRuns(lane, sequence, 1);
  return run?.header;
}

/**
 * Asks on until nothing between what is common and what is not is left, and then once more: what the parent did not hold may have come to it meanwhile by another
 * way. So what is told of the two is of one moment: the parent's lane goes on from the mark, and not with what follows here.
 */
export async function findCommon(log: LaneSource, lane: Lane, ask: (points: Point[]) => Promise<Found | undefined>): Promise<Common> {
  const head = log.head(lane)?.sequence ?? 0;
  let common: Common = { mark: undefined, found: undefined, other: undefined };
  for (let high = head; ; ) {
    const { mark } = common;
    const ends = await sampleEnds(log, lane, mark?.sequence ?? 0, high, limits.historyPointsMax);
    const isNarrowed = ends.length === 0;
    if (isNarrowed && high === head) return common;
    if (isNarrowed) ends.push(...(await sampleEnds(log, lane, mark?.sequence ?? 0, head, limits.historyPointsMax - 1)));
    const known: Point[] = isNarrowed && mark !== undefined ? [[mark.sequence, mark.hash]] : [];
    const found = await ask([...known, ...ends.map((run): Point => [lastSequence(run), run.hash])]);
    const at = (found?.point ?? Infinity) - known.length;
    const last = ends[at];
    if (last !== undefined) {
      common = { mark: runMark(last), found, other: undefined };
      const next = ends[at + 1];
      high = next === undefined ? head : lastSequence(next) - 1;
      continue;
    }
    if (isNarrowed && at < 0) return { ...common, found };
    if (isNarrowed) return mark === undefined ? { ...common, other: found } : common; // it let go of the mark meanwhile
    if (mark === undefined) common = { ...common, other: found };
    const [first] = ends;
    high = first === undefined ? head : lastSequence(first) - 1;
  }
}

/** Runs that end behind `low` and not behind `high`: the first of them, and others at even distances; at most so many. */
async function sampleEnds(log: LaneSource, lane: Lane, low: number, high: number, most: number): Promise<RunHeader[]> {
  const ends: RunHeader[] = [];
  let covered = low;
  for (let place = 0; place < most; place++) {
    const wanted = low + Math.max(1, Math.ceil(((high - low) * place) / (most - 1)));
    if (wanted > high || wanted <= covered) continue;
    const run = await runAt(log, lane, wanted);
    covered = run === undefined ? wanted : lastSequence(run);
    if (run !== undefined && run.hash !== zeroHash && lastSequence(run) <= high) ends.push(run);
  }
  return ends;
}

/**
 * The parent's part: of a child's points the last that is in one of the lanes of that stream. A lane that could go on from there is preferred. Undefined
 * only where it has nothing of that stream.
 */
export async function lastHeld(log: SegmentLog, asked: Lane, points: readonly Point[]): Promise<Found | undefined> {
  const lanes = [...log.heads().values()].filter(({ lane }) => isSameStream(lane, asked));
  for (let point = points.length - 1; point >= 0; point--) {
    const [sequence, hash] = points[point] ?? [0, zeroHash];
    let best: Found | undefined;
    for (const { lane, mark } of lanes) {
      if (sequence < 1 || sequence > mark.sequence) continue;
      const run = await runAt(log, lane, sequence);
      // What a branch begins with is held by another lane.
      if (run === undefined || run.reason === "branched" || lastSequence(run) !== sequence || run.hash !== hash) continue;
      if (best !== undefined && mark.sequence > sequence) continue;
      const next = mark.sequence > sequence ? await runAt(log, lane, sequence + 1) : undefined;
      // A gap says of its end alone in which epoch that was.
      best = { point, lane: laneName(lane), sequence: mark.sequence, hash: mark.hash, ...(next === undefined || next.form === "gap" ? {} : { nextEpoch: next.epoch }) };
    }
    if (best !== undefined) return best;
  }
  const there = lanes.filter(({ mark }) => mark.sequence > 0);
  const other = there.find(({ lane }) => lane.branch === undefined) ?? there[0];
  return other && { point: points.length, lane: laneName(other.lane), sequence: other.mark.sequence, hash: other.mark.hash };
}
