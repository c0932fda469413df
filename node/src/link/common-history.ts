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

/** Asks on until nothing between what is common and what is not is left. */
export async function findCommon(log: LaneSource, lane: Lane, ask: (points: Point[]) => Promise<Found | undefined>): Promise<Common> {
  let common: Common = { mark: undefined, found: undefined, other: undefined };
  for (let high = log.head(lane)?.sequence ?? 0; ; ) {
    const low = common.mark?.sequence ?? 0;
    const ends = await sampleEnds(log, lane, low, high);
    const [first] = ends;
    if (first === undefined) return common;
    const found = await ask(ends.map((run): Point => [lastSequence(run), run.hash]));
    const last = found && ends[found.point];
    if (last === undefined) {
      if (common.mark === undefined) common = { ...common, other: found };
      high = lastSequence(first) - 1;
      continue;
    }
    common = { mark: runMark(last), found, other: undefined };
    const next = ends[(found?.point ?? 0) + 1];
    if (next !== undefined) high = lastSequence(next) - 1;
  }
}

/** Runs that end behind `low` and not behind `high`: the first of them, and others at even distances. */
async function sampleEnds(log: LaneSource, lane: Lane, low: number, high: number): Promise<readonly RunHeader[]> {
  const ends: RunHeader[] = [];
  let covered = low;
  for (let place = 0; place < limits.historyPointsMax; place++) {
    const wanted = low + Math.max(1, Math.ceil(((high - low) * place) / (limits.historyPointsMax - 1)));
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
      best = { point, lane: laneName(lane), sequence: mark.sequence, hash: mark.hash, ...(next === undefined ? {} : { nextEpoch: next.epoch }) };
    }
    if (best !== undefined) return best;
  }
  const there = lanes.filter(({ mark }) => mark.sequence > 0);
  const other = there.find(({ lane }) => lane.branch === undefined) ?? there[0];
  return other && { point: points.length, lane: laneName(other.lane), sequence: other.mark.sequence, hash: other.mark.hash };
}
