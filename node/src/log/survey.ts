/**
 * Makes the index of segments by reading them, apart from the writing: the newest as far as it goes, and each sealed one once, after which its
 * index stands beside it on the disk. A question for what is not surveyed yet reads the rest itself.
 */
import { startsWith } from "@holon/core/event/stored.ts";
import { entryKind } from "@holon/core/log/batch.ts";
import { laneName } from "@holon/core/log/log.ts";
import { parseRunHead, runPreambles, runRecords, type Integrity } from "@holon/core/log/run.ts";
import { openFile, sealFile } from "@holon/core/log/seal.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import { createIndexBuilder, decodeSegmentIndex, encodeSegmentIndex, segmentIndexNumber, segmentIndexPath, summaryOf, type IndexBuilder, type RecordSketch, type SegmentIndex } from "@holon/core/log/segment-index.ts";
import type { Disk } from "@holon/core/ports.ts";
import type { OpenSegment } from "./recover.ts";
import { batchRuns, findNextBatch, openWindow, readBatch, readBatchHeader, type Window } from "./scan.ts";

export interface Survey {
  /** Whether there is a block or more to read on, or a sealed segment without its index. Cheap. */
  hasWork(): boolean;
  /** Reads on for about so many bytes. */
  step(maxBytes: number): Promise<void>;
  /** What is known of a segment. What lies behind `sizeBytes` of the index is not described. */
  of(segment: OpenSegment): Promise<SegmentIndex>;
  /** The whole of a sealed segment as one region; undefined where that is not in memory. */
  summary(segment: OpenSegment): SegmentIndex | undefined;
  /** Reads a sealed segment to its end. */
  finish(segment: OpenSegment): Promise<void>;
  /** A segment is about to be rewritten or removed: its index goes first. */
  forget(segment: OpenSegment): Promise<void>;
}

interface Surveyed {
  /** Undefined where the whole index stands on the disk. */
  builder: IndexBuilder | undefined;
  summary: SegmentIndex | undefined;
  through: number;
  /** Looked for on the disk. */
  isSought: boolean;
  busy: Promise<void>;
}

const stepBytes = 64 * 1024;
/** Enough for the headers of most batches. */
const headBytes = 16 * 1024;
const decoder = new TextDecoder();

export function createSurvey(segments: readonly OpenSegment[], disk: Disk, integrity: Integrity, origin: string): Survey {
  const known = new WeakMap<OpenSegment, Surveyed>();
  let areStraysGone = false;
  /** So many segments there were when the sealed ones were last found done. */
  let settledLength = 0;

  function surveyed(segment: OpenSegment): Surveyed {
    const state = known.get(segment) ?? { builder: createIndexBuilder(), summary: undefined, through: segmentHeaderBytes, isSought: false, busy: Promise.resolve() };
    known.set(segment, state);
    return state;
  }

  const isSealed = (segment: OpenSegment): boolean => segments.at(-1) !== segment;

  function needsWork(segment: OpenSegment): boolean {
    const { builder, through, isSought } = surveyed(segment);
    if (!isSealed(segment)) return segment.size - through >= stepBytes;
    return builder !== undefined && (through < segment.size || !isSought);
  }

  /** The newest first: it is asked for most. */
  function nextSegment(): OpenSegment | undefined {
    const last = segments.at(-1);
    if (last !== undefined && needsWork(last)) return last;
    if (segments.length === settledLength) return undefined;
    const next = segments.findLast(needsWork);
    if (next === undefined) settledLength = segments.length;
    return next;
  }

  /** One at a time for each segment, whoever asks. */
  function inTurn(segment: OpenSegment, act: (state: Surveyed) => Promise<void>): Promise<void> {
    const state = surveyed(segment);
    const done = state.busy.then(() => act(state));
    state.busy = done.catch(() => undefined); // whoever asked is told
    return done;
  }

  async function readOn(segment: OpenSegment, state: Surveyed, maxBytes: number): Promise<void> {
    if (state.builder === undefined) return;
    if (isSealed(segment) && !state.isSought) {
      state.isSought = true;
      const index = await stored(segment);
      if (index !== undefined) return void Object.assign(state, { builder: undefined, summary: summaryOf(index) });
    }
    state.through = await surveyPart(segment, state.builder, state.through, maxBytes, { integrity, origin });
    if (!isSealed(segment) || state.through < segment.size) return;
    const index = state.builder.index();
    state.summary = summaryOf(index);
    if (await store(segment, index)) state.builder = undefined;
  }

  async function stored(segment: OpenSegment): Promise<SegmentIndex | undefined> {
    if (!(await disk.list("log")).some((name) => segmentIndexNumber(name) === segment.number)) return undefined;
    const file = await disk.open(segmentIndexPath(segment.number), { create: false });
    try {
      const bytes = openFile(await file.read(0, file.size()), integrity);
      return bytes && decodeSegmentIndex(bytes, segment.number, segment.size, integrity);
    } finally {
      await file.close();
    }
  }

  async function store(segment: OpenSegment, index: SegmentIndex): Promise<boolean> {
    const path = segmentIndexPath(segment.number);
    try {
      const file = await disk.open(`${path}.new`, { create: true });
      try {
        await file.truncate(0);
        await file.write(0, sealFile(encodeSegmentIndex(segment.number, index, integrity), segment.number, integrity));
        await file.sync();
      } finally {
        await file.close();
      }
      await disk.rename(`${path}.new`, path);
      return true;
    } catch {
      // A full disk, say: nothing depends on it. It stays in memory, and the next start tries again.
      await disk.remove(`${path}.new`).catch(() => undefined);
      return false;
    }
  }

  /** Indexes whose segments are gone. */
  async function dropStrays(): Promise<void> {
    areStraysGone = true;
    const numbers = new Set(segments.map(({ number }) => number));
    for (const name of await disk.list("log")) {
      const number = segmentIndexNumber(name);
      if (number !== undefined && !numbers.has(number)) await disk.remove(`log/${name}`);
    }
  }

  return {
    hasWork: () => nextSegment() !== undefined,
    async step(maxBytes) {
      if (!areStraysGone) await dropStrays();
      const next = nextSegment();
      if (next !== undefined) await inTurn(next, (state) => readOn(next, state, maxBytes));
    },
    async of(segment) {
      let index: SegmentIndex | undefined;
      await inTurn(segment, async (state) => {
        index = state.builder?.index() ?? (await stored(segment));
        if (index !== undefined) return;
        Object.assign(state, { builder: createIndexBuilder(), summary: undefined, through: segmentHeaderBytes }); // damaged on the disk since
        settledLength = 0;
      });
      return index ?? { sizeBytes: segmentHeaderBytes, types: [], lanes: [], regions: [] };
    },
    async finish(segment) {
      const state = surveyed(segment);
      while (state.builder !== undefined && state.through < segment.size) await inTurn(segment, (now) => readOn(segment, now, limitsOfFinish));
    },
    summary: (segment) => surveyed(segment).summary,
    async forget(segment) {
      settledLength = 0;
      await inTurn(segment, () => disk.remove(segmentIndexPath(segment.number)));
    },
  };
}

const limitsOfFinish = 1 << 20;

/** Adds to the index what stands from `from` on, until about `maxBytes` are read; returns where it stopped. */
async function surveyPart(segment: OpenSegment, builder: IndexBuilder, from: number, maxBytes: number, { integrity, origin }: { readonly integrity: Integrity; readonly origin: string }): Promise<number> {
  const { size } = segment; // what is being written behind it is not there yet
  const window = openWindow(segment.file, stepBytes);
  const sketchOwn = createSketcher();
  let offset = from;
  while (offset < size && offset - from < maxBytes) {
    const known = await sketchByPreambles(window, offset, size, integrity);
    if (known !== undefined) {
      builder.add(offset, known.end, known.arrivedMs, known.runs);
      offset = known.end;
      continue;
    }
    const batch = await readBatch(window, offset, integrity);
    if (batch === undefined) {
      const next = Math.min(size, (await findNextBatch(window, offset + 1, integrity)) ?? size);
      builder.addUnknown(offset, next);
      offset = next;
      continue;
    }
    const entries = batch.header.entries.filter(({ kind }) => kind === 1).length;
    const runs = batchRuns(batch, integrity);
    builder.add(batch.offset, batch.end, batch.header.wallMs, runs.map(({ header, bytes }) => ({ lane: laneName(header), records: runRecords(bytes, header, integrity).records.map((record) => (header.origin === origin ? sketchOwn(record) : sketchOf(record))) })));
    if (runs.length < entries) builder.addUnknown(batch.offset, batch.end);
    offset = batch.end;
  }
  return offset;
}

/** A batch of no other records than those that share what they begin with, which says all that is asked for: the rest of it need not be read. */
async function sketchByPreambles(window: Window, offset: number, size: number, integrity: Integrity): Promise<{ readonly end: number; readonly arrivedMs: number; readonly runs: Parameters<IndexBuilder["add"]>[3] } | undefined> {
  const header = await readBatchHeader(window, offset, integrity);
  if (header === undefined || header.sealed || offset + header.sizeBytes > size) return undefined;
  const runs: { lane: string; records: readonly (RecordSketch | undefined)[] }[] = [];
  for (const entry of header.entries) {
    if (entry.kind !== entryKind.run) continue;
    const bytes = await window.bytes(offset + entry.offset, Math.min(entry.length, headBytes));
    const run = parseRunHead(bytes, entry.length, integrity);
    const shared = run && runPreambles(bytes, run);
    if (run === undefined || shared === undefined || shared.hasWhole) return undefined;
    runs.push({ lane: laneName(run), records: shared.preambles.map((preamble) => sketchOf(preamble, "null}")) });
  }
  return runs.length === 0 ? undefined : { end: offset + header.sizeBytes, arrivedMs: header.wallMs, runs };
}

/**
 * Of this node's own events, whose attributes stand before their data, each once: those that came in together begin alike, and then say the same of
 * themselves, so they are not parsed again. What another node wrote is always read whole.
 */
function createSketcher(): (record: Uint8Array | undefined) => RecordSketch | undefined {
  let before: Uint8Array | undefined;
  let sketch: RecordSketch | undefined;
  return (record) => {
    if (record !== undefined && before !== undefined && startsWith(record, before)) return sketch;
    sketch = sketchOf(record);
    before = record === undefined || sketch === undefined ? undefined : attributesOf(record);
    return sketch;
  };
}

const recordedKey = new TextEncoder().encode('"recordedtime":"');
const timeBytes = 24;

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

/** How the event's text begins, through the time of recording; undefined where it has none. */
function attributesOf(record: Uint8Array): Uint8Array | undefined {
  const [first = 0] = recordedKey;
  for (let at = record.indexOf(first); at >= 0; at = record.indexOf(first, at + 1)) {
    const end = at + recordedKey.length;
    if (isAt(record, at, recordedKey)) return record.slice(0, end + timeBytes + 1);
  }
  return undefined;
}

/** By the event's own words, which `rest` ends; undefined where it has none that can be read. */
function sketchOf(record: Uint8Array | undefined, rest = ""): RecordSketch | undefined {
  if (record === undefined) return undefined;
  try {
    const event: unknown = JSON.parse(decoder.decode(record) + rest);
    if (typeof event !== "object" || event === null || !("type" in event) || !("recordedtime" in event)) return undefined;
    const { type, recordedtime } = event;
    const recordedMs = typeof recordedtime === "string" ? Date.parse(recordedtime) : Number.NaN;
    return typeof type === "string" && !Number.isNaN(recordedMs) ? { type, recordedMs } : undefined;
  } catch {
    return undefined; // no event: whoever asks is shown it as one that is not understood
  }
}
