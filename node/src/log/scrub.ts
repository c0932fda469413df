/**
 * Reads the sealed segments of a log again and again, at a bounded rate: single flipped bits are mended on the disk before a second one
 * meets them, and what is damaged beyond that is told as exact ranges before anybody needs it.
 */
import type { Integrity } from "@holon/core/log/run.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import { createLaneIndex } from "./lane-index.ts";
import { applyNextSnapshot, beginProgress, headSnapshot, recoverBatch, type Damage, type LostRange, type OpenSegment, type Progress } from "./recover.ts";
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
  /** Goes on for about so many bytes, and at most to the end of the newest sealed segment; then it begins again. */
  step(maxBytes: number): Promise<Scrubbed>;
}

interface Place {
  readonly segment: OpenSegment;
  readonly progress: Progress;
  offset: number;
}

const windowBytes = 256 * 1024;

/** `expiredThrough`: what was let go of and cleaned away is not damaged. */
export function createScrub(segments: readonly OpenSegment[], expiredThrough: (lane: string) => number, integrity: Integrity): Scrub {
  let place: Place | undefined;
  let lastNumber = 0;

  /** The next sealed segment, or the first again. */
  async function nextPlace(): Promise<Place | undefined> {
    const sealed = segments.slice(0, -1);
    const segment = sealed.find(({ number }) => number > lastNumber) ?? sealed[0];
    if (segment === undefined) return undefined;
    lastNumber = segment.number;
    const progress = beginProgress();
    // Without its snapshot a segment does not say where its lanes begin: then they begin where they are first met.
    if ((await headSnapshot(segment, integrity)) === undefined && segment.number > 1) return { segment, progress: { ...progress, isWithoutHeads: true }, offset: segmentHeaderBytes };
    return { segment, progress, offset: segmentHeaderBytes };
  }

  return {
    async step(maxBytes) {
      if (place === undefined || !segments.includes(place.segment) || place.offset >= place.segment.size) place = await nextPlace();
      if (place === undefined) return { bytes: 0, mended: 0, damage: [], lost: [] };
      const { segment, progress } = place;
      const window = openWindow(segment.file, windowBytes);
      const from = place.offset;
      while (place.offset < segment.size && place.offset - from < maxBytes) {
        place.offset = await recoverBatch({ segment, window, index: createLaneIndex(), isLast: false, mayEndInRoom: false }, place.offset, progress, integrity);
        progress.cells.clear();
      }
      const next = segments[segments.indexOf(segment) + 1];
      if (place.offset >= segment.size && next !== undefined) await applyNextSnapshot(next, progress, integrity);
      if (progress.mended > 0) await segment.file.sync();
      const found = { bytes: place.offset - from, mended: progress.mended, damage: progress.damage.splice(0), lost: progress.lost.splice(0).flatMap((range) => stillMissing(range, expiredThrough)) };
      progress.mended = 0;
      return found;
    },
  };
}

function stillMissing({ lane, first, last }: LostRange, expiredThrough: (lane: string) => number): readonly LostRange[] {
  const from = Math.max(first, expiredThrough(lane) + 1);
  return from > last ? [] : [{ lane, first: from, last }];
}
