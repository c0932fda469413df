/**
 * So many readings of each window, each with the same chance: those whose name, hashed with the seed, comes first. The choice follows from
 * the names alone, so a replay makes the same one, in whatever order the readings come. (Bottom-k sampling: Cohen and Kaplan, PODC 2007.)
 */
import type { SampleReduction } from "../schema/reduction.ts";
import { inPieces, toBlock } from "./block.ts";
import { numbersOf, rowBytes, type Row } from "./row.ts";
import type { SubjectKind } from "./subjects.ts";

interface Candidate extends Row {
  readonly draw: number;
  readonly id: string;
}

interface Head {
  startMs: number;
  candidates: readonly Candidate[];
}

export function reservoir({ fields, within, everyMs }: SampleReduction, { count, seed }: { readonly count: number; readonly seed: number }): SubjectKind<Head> {
  const kind: SubjectKind<Head> = {
    fresh: () => ({ startMs: 0, candidates: [] }),
    restore: (stored) => ({ ...(stored as Head) }), // as `fresh` made it
    take(event, subject, emit) {
      const values = numbersOf(event.data, fields);
      if (values === undefined) return;
      const startMs = Math.floor(event.timeMs / everyMs) * everyMs;
      if (startMs !== subject.head.startMs) kind.close(subject, emit);
      const candidate = { draw: drawOf(seed, event.id), id: event.id, timeMs: event.timeMs, values };
      subject.head = { startMs, candidates: kept(subject.head.candidates, candidate, count) };
    },
    close(subject, emit) {
      const rows = [...subject.head.candidates].sort((a, b) => a.timeMs - b.timeMs || comesFirst(a, b));
      for (const piece of inPieces(rows)) emit(subject.head.startMs, toBlock(piece, within));
      subject.head = kind.fresh();
    },
    size: ({ candidates }) => candidates.reduce((sum, candidate) => sum + rowBytes(candidate) + candidate.id.length + 60, 0),
  };
  return kind;
}

/** Sorted by the draw; the last one goes where there are too many. */
function kept(candidates: readonly Candidate[], candidate: Candidate, count: number): readonly Candidate[] {
  const last = candidates.at(-1);
  if (candidates.length === count && last !== undefined && comesFirst(last, candidate) < 0) return candidates;
  let [low, high] = [0, candidates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = candidates[middle];
    if (other !== undefined && comesFirst(other, candidate) < 0) low = middle + 1;
    else high = middle;
  }
  return candidates.toSpliced(low, 0, candidate).slice(0, count);
}

const comesFirst = (a: Candidate, b: Candidate): number => a.draw - b.draw || (a.id < b.id ? -1 : 1);

/** 32 bits that look like chance: each character and the seed, multiplied and folded. */
function drawOf(seed: number, id: string): number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (let index = 0; index < id.length; index++) state = Math.imul(state ^ id.charCodeAt(index), 0x5bd1e995) ^ (state >>> 15);
  state = Math.imul(state ^ (state >>> 16), 0x7feb352d);
  state = Math.imul(state ^ (state >>> 15), 0x846ca68b);
  return (state ^ (state >>> 16)) >>> 0;
}
