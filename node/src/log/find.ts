/**
 * The newest records that fit a question, without reading the others: what may hold the newest is read first, by the indexes of the segments, and
 * what can only hold older ones than those that were found is not read at all. Reading never waits for writing.
 */
import { showEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { countedMs } from "@holon/core/log/counted.ts";
import { laneName, type FoundEvent, type RecordQuery } from "@holon/core/log/log.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { checkRun, runRecords, type Integrity } from "@holon/core/log/run.ts";
import { holdsAnyLane, type IndexRegion, type SegmentIndex } from "@holon/core/log/segment-index.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import type { OpenSegment } from "./recover.ts";
import { batchRuns, findNextBatch, openWindow, readBatch, readStrayRuns, type BatchRun } from "./scan.ts";
import type { Survey } from "./survey.ts";

export interface FindContext {
  readonly segments: readonly OpenSegment[];
  readonly survey: Survey;
  readonly integrity: Integrity;
  /** By the clock here. */
  readonly nowMs: number;
  /** What was let go of is not shown, even where its bytes are not gone yet. */
  expiredThrough(lane: string): number;
}

/** A record with its place in the order of the answer. */
interface Placed extends FoundEvent {
  readonly atMs: number;
}

/** A part of the log that may hold an answer, none of them placed after `maxMs`. */
interface Candidate {
  readonly segment: OpenSegment;
  /** Undefined: the whole segment, whose index has not been looked at. */
  readonly part: { readonly offset: number; readonly end: number } | undefined;
  readonly maxMs: number;
}

/** Shown in place of what is no event; such a record may be anywhere. */
const unknownType = "holon.event.unknown";

export async function findRecords(query: RecordQuery, context: FindContext): Promise<readonly FoundEvent[]> {
  const candidates = context.segments.flatMap((segment) => wholeSegment(segment, query, context));
  let found: Placed[] = [];
  for (;;) {
    candidates.sort((a, b) => a.maxMs - b.maxMs || a.segment.number - b.segment.number || (a.part?.offset ?? 0) - (b.part?.offset ?? 0));
    const next = candidates.pop();
    const oldest = found[0];
    if (next === undefined || (oldest !== undefined && found.length >= query.limit && next.maxMs < oldest.atMs)) return found;
    if (next.part === undefined) candidates.push(...(await partsOf(next.segment, query, context)));
    else found = [...found, ...(await readPart(next.segment, next.part, query, context))].sort(inOrder).slice(-query.limit);
  }
}

/** By time; at the same time by lane and sequence. */
function inOrder(a: Placed, b: Placed): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  const [one, two] = [laneName(a.record), laneName(b.record)];
  return one === two ? a.record.sequence - b.record.sequence : one < two ? -1 : 1;
}

function wholeSegment(segment: OpenSegment, query: RecordQuery, { survey, nowMs }: FindContext): readonly Candidate[] {
  const summary = survey.summary(segment);
  const [whole] = summary === undefined ? [] : regionsFor(summary, query, nowMs);
  return summary !== undefined && whole === undefined ? [] : [{ segment, part: undefined, maxMs: whole === undefined ? Infinity : lastOf(whole, query, nowMs) }];
}

async function partsOf(segment: OpenSegment, query: RecordQuery, { segments, survey, nowMs }: FindContext): Promise<readonly Candidate[]> {
  if (segments.at(-1) !== segment) await survey.finish(segment);
  const { size } = segment;
  const index = await survey.of(segment);
  const parts: Candidate[] = regionsFor(index, query, nowMs).map((region) => ({ segment, part: region, maxMs: lastOf(region, query, nowMs) }));
  const describedBytes = Math.max(segmentHeaderBytes, index.sizeBytes);
  if (describedBytes < size) parts.push({ segment, part: { offset: describedBytes, end: size }, maxMs: Infinity });
  return parts;
}

/** As of when its records count. An index of before does not say it: the times of recording are too late, where they are of a time to come. */
function countedSpan({ minMs, maxMs, counted }: IndexRegion, { asArrived }: RecordQuery, nowMs: number): readonly [number, number] {
  if (asArrived !== true) return [minMs, maxMs];
  return counted ?? [isToCome(maxMs, nowMs) ? -Infinity : minMs, maxMs];
}

const isAskedFor = ({ sinceMs = -Infinity, untilMs = Infinity }: RecordQuery, firstMs: number, lastMs = firstMs): boolean => lastMs >= sinceMs && firstMs <= untilMs;

/** Where the last of its records may stand in the order. */
const lastOf = (region: IndexRegion, query: RecordQuery, nowMs: number): number => (query.asArrived === true ? Math.min(countedSpan(region, query, nowMs)[1], nowMs + limits.recordedAheadMs) : region.maxMs);

const isToCome = (atMs: number, nowMs: number): boolean => atMs > nowMs + limits.recordedAheadMs;

function regionsFor(index: SegmentIndex, query: RecordQuery, nowMs: number): SegmentIndex["regions"] {
  const lanes = new Set(index.lanes.flatMap((name, place) => {
    const lane = parseLaneName(name);
    return lane !== undefined && query.accepts(lane) ? [place] : [];
  }));
  const types = new Set(index.types.flatMap((type, place) => (hasType(type, query) ? [place] : [])));
  const anyType = query.type === undefined || hasType(unknownType, query);
  return index.regions.filter((region) => {
    if (!isAskedFor(query, region.minMs, region.maxMs) && !isAskedFor(query, ...countedSpan(region, query, nowMs))) return false;
    return (holdsAnyLane(region) || region.lanes.some((place) => lanes.has(place))) && (anyType || region.types === null || region.types.some((place) => types.has(place)));
  });
}

const hasType = (type: string, query: RecordQuery): boolean => query.type === undefined || type.startsWith(query.type);

async function readPart(segment: OpenSegment, { offset: from, end }: NonNullable<Candidate["part"]>, query: RecordQuery, context: FindContext): Promise<readonly Placed[]> {
  const { integrity, expiredThrough } = context;
  const found: Placed[] = [];
  const window = openWindow(segment.file, Math.min(end - from, windowBytes));
  for (let offset = from; offset < end; ) {
    const batch = await readBatch(window, offset, integrity);
    const next: number = batch?.end ?? Math.min(end, (await findNextBatch(window, offset + 1, integrity)) ?? end);
    const runs = batch === undefined ? await readStrayRuns(segment.file, offset, next, integrity) : batchRuns(batch, integrity);
    for (const run of runs) if (query.accepts(run.header)) found.push(...matching(run, batch?.header.wallMs, query, expiredThrough(laneName(run.header)), context));
    offset = next;
  }
  return found;
}

const windowBytes = 1 << 20;
const decoder = new TextDecoder();

/** `arrivedMs`: when it was written here, where that is known. */
function matching(run: BatchRun, arrivedMs: number | undefined, query: RecordQuery, expiredThrough: number, { integrity, nowMs }: FindContext): readonly Placed[] {
  const checked = checkRun(run.bytes, integrity);
  if (checked === undefined) return [];
  const { header } = checked;
  return runRecords(checked.bytes, header, integrity).records.flatMap((bytes, index) => {
    const sequence = header.firstSequence + index;
    if (bytes === undefined || sequence <= expiredThrough) return [];
    if (query.holds !== undefined && !decoder.decode(bytes).includes(query.holds)) return [];
    const record = { origin: header.origin, epoch: header.epoch, stream: header.stream, sequence, bytes: bytes.slice() };
    const event = showEvent(record);
    const recordedMs = Date.parse(event.recordedtime);
    const countsMs = query.asArrived === true ? countedMs(recordedMs, arrivedMs) : recordedMs;
    const fits = hasType(event.type, query) && (isAskedFor(query, recordedMs) || isAskedFor(query, countsMs));
    return fits ? [{ record, event, recordedMs, countsMs, atMs: query.asArrived === true && isToCome(countsMs, nowMs) ? -Infinity : countsMs }] : [];
  });
}
