/** The part of a gap that begins at a record: who has the records before it, perhaps from elsewhere, is told only of what follows. */
import { laneOf } from "./log.ts";
import { zeroHash } from "./merge.ts";
import { gapRun, lastSequence, parseRunHeader, type Integrity, type RunHeader } from "./run.ts";

interface Run {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

/** The run itself where it is no gap, or begins there. */
export function trimGap(run: Run, from: number, integrity: Integrity): Run {
  const { header } = run;
  if (header.form !== "gap" || header.firstSequence >= from || lastSequence(header) < from) return run;
  const { epoch, reason, hash, recordedFirstMs } = header;
  const bytes = gapRun({ ...laneOf(header), epoch, reason, hash, recordedMs: recordedFirstMs, firstSequence: from, count: lastSequence(header) - from + 1, previousHash: zeroHash }, integrity);
  const trimmed = parseRunHeader(bytes, integrity);
  return trimmed === undefined ? run : { header: trimmed, bytes };
}
