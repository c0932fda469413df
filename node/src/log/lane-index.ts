/**
 * Where in one segment the runs of each lane are: one entry per lane and block of 64 KiB, so that a lane with few records among
 * many others is found without reading the others. About 16 bytes an entry.
 */
import { runMark, type RunHeader } from "@holon/core/log/run.ts";
import { laneName, type Mark } from "@holon/core/log/log.ts";
import type { StreamName } from "@holon/core/schema/event.ts";

const blockBytes = 64 * 1024;

export interface IndexBlock {
  /** Of the first run of the lane in this block. */
  readonly firstSequence: number;
  /** Of the batch that holds it, in the segment. */
  readonly offset: number;
}

interface IndexedLane {
  /** Of each block: its first sequence, and the offset. Numbers in a row, since a node that runs for months holds many. */
  readonly firstSequences: number[];
  readonly offsets: number[];
  readonly stream: StreamName;
  lastBlock: number;
  head: Mark;
  bytes: number;
  newestMs: number;
}

/** What a segment holds of one lane. */
export interface LanePart {
  readonly lane: string;
  readonly stream: StreamName;
  readonly bytes: number;
  readonly lastSequence: number;
  readonly newestMs: number;
}

export interface LaneIndex {
  add(run: RunHeader, batchOffset: number): void;
  /** Blocks of the lane that may hold `fromSequence` or later, in order. */
  blocks(lane: string, fromSequence: number): readonly IndexBlock[];
  /** The lane's last record in this segment. */
  head(lane: string): Mark | undefined;
  parts(): readonly LanePart[];
}

export function createLaneIndex(): LaneIndex {
  const lanes = new Map<string, IndexedLane>();
  return {
    add(run, batchOffset) {
      const name = laneName(run);
      const block = Math.floor(batchOffset / blockBytes);
      const indexed = lanes.get(name);
      if (indexed === undefined) {
        lanes.set(name, { firstSequences: [run.firstSequence], offsets: [batchOffset], stream: run.stream, lastBlock: block, head: runMark(run), bytes: run.lengthBytes, newestMs: run.recordedLastMs });
        return;
      }
      indexed.head = runMark(run);
      indexed.bytes += run.lengthBytes;
      indexed.newestMs = Math.max(indexed.newestMs, run.recordedLastMs);
      if (block === indexed.lastBlock) return;
      indexed.lastBlock = block;
      indexed.firstSequences.push(run.firstSequence);
      indexed.offsets.push(batchOffset);
    },
    blocks(lane, fromSequence) {
      const indexed = lanes.get(lane);
      if (indexed === undefined || indexed.head.sequence < fromSequence) return [];
      const from = lastAtOrBefore(indexed.firstSequences, fromSequence);
      return indexed.offsets.slice(from).map((offset, index) => ({ firstSequence: indexed.firstSequences[from + index] ?? fromSequence, offset }));
    },
    head: (lane) => lanes.get(lane)?.head,
    parts: () => [...lanes].map(([lane, { stream, bytes, head, newestMs }]) => ({ lane, stream, bytes, lastSequence: head.sequence, newestMs })),
  };
}

/** Index of the last block that begins at or before the sequence; 0 if all begin later. */
function lastAtOrBefore(firstSequences: readonly number[], sequence: number): number {
  let low = 0;
  let high = firstSequences.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((firstSequences[middle] ?? Infinity) <= sequence) low = middle;
    else high = middle - 1;
  }
  return low;
}
