/**
 * Reads the sealed segments of a log again and again, at a bounded rate: single flipped bits are mended on the disk before a second one
 * meets them, and what is damaged beyond that is told as exact ranges before anybody needs it. A round is one reading from the first segment to the
 * last, so that also a segment that is missing between two others, or before them, is noticed by what the next one's snapshot says stood before it.
 */
import type { Integrity } from "@holon/core/log/run.ts";
import { segmentHeaderBytes, segmentPath } from "@holon/core/log/segment.ts";
import { inspectBatch } from "./inspect.ts";
import { createLaneIndex } from "./lane-index.ts";
import { Progress, type Damage, type LostRange } from "./progress.ts";
import { headSnapshot, recoverBatch, withoutExpired, type OpenSegment } from "./recover.ts";
import { openWindow } from "./scan.ts";

/** What a slice of scrubbing found. */
export interface Scrubbed {
  readonly bytes: number;
  /** Batches in which flipped bits were mended. */
  readonly mended: number;
  readonly damage: readonly Damage[];
  readonly lost: readonly LostRange[];
}

export interface Scrub {
  /** Goes on for about so many bytes, and at most to the end of a segment; behind the newest sealed one it begins again. */
  step(maxBytes: number): Promise<Scrubbed>;
}

interface Place {
  readonly segment: OpenSegment;
  offset: number;
}

const windowBytes = 256 * 1024;
const nothing: Scrubbed = { bytes: 0, mended: 0, damage: [], lost: [] };

/** `expiredThrough`: what was let go of and cleaned away is not damaged. */
export function createScrub(segments: readonly OpenSegment[], expiredThrough: (lane: string) => number, integrity: Integrity): Scrub {
  let place: Place | undefined;
  /** Of the round: everything before the place. */
  let progress = new Progress(false);
  let lastNumber = 0;

  /** The next sealed segment, or the first again. */
  function nextPlace(): Place | undefined {
    const sealed = segments.slice(0, -1);
    const next = sealed.find(({ number }) => number > lastNumber);
    const segment = next ?? sealed[0];
    if (segment === undefined) return undefined;
    if (next === undefined) {
      progress = new Progress(false);
      lastNumber = 0;
    }
    return { segment, offset: segmentHeaderBytes };
  }

  /** What its snapshot says stood before a segment and was not found is lost; where files are missing before it, with them. */
  async function applySnapshot(segment: OpenSegment): Promise<void> {
    const before = withoutExpired(progress.lost, expiredThrough).length;
    const batch = await headSnapshot(segment, integrity);
    if (batch !== undefined) progress.apply(batch, inspectBatch(batch, integrity), integrity);
    const isMissing = segment.number > lastNumber + 1 && withoutExpired(progress.lost, expiredThrough).length > before;
    if (isMissing) progress.damaged({ segment: segmentPath(segment.number - 1), fromByte: 0, toByte: 0, what: "segments that are not there" });
  }

  /** Nothing is told while what follows may still say more of it. */
  function take(bytes: number, isRoundOver: boolean): Scrubbed {
    const { mended } = progress;
    progress.mended = 0;
    progress.cells.clear();
    if (progress.isOpen && !isRoundOver) return { ...nothing, bytes, mended };
    return { bytes, mended, damage: progress.damage.splice(0), lost: withoutExpired(progress.lost.splice(0), expiredThrough) };
  }

  return {
    async step(maxBytes) {
      if (place === undefined || !segments.includes(place.segment) || place.offset >= place.segment.size) {
        place = nextPlace();
        if (place !== undefined) await applySnapshot(place.segment);
      }
      if (place === undefined) return nothing;
      const { segment } = place;
      const window = openWindow(segment.file, windowBytes);
      const from = place.offset;
      while (place.offset < segment.size && place.offset - from < maxBytes) {
        place.offset = await recoverBatch({ segment, window, index: createLaneIndex(), isLast: false, mayEndInRoom: false }, place.offset, progress, integrity);
      }
      if (progress.mended > 0) await segment.file.sync();
      const newest = segments.at(-1);
      const isDone = place.offset >= segment.size;
      if (isDone) lastNumber = segment.number;
      const isRoundOver = isDone && segments.at(-2) === segment;
      if (isRoundOver && newest !== undefined) await applySnapshot(newest);
      return take(place.offset - from, isRoundOver);
    },
  };
}
