/**
 * The newest records that fit a question, without reading the others: what may hold the newest is read first, by the indexes of the segments, and
 * what can only hold older ones than those that were found is not read at all. Reading never waits for writing.
 */
import { showEvent } from "@holon/core/event/stored.ts";
import { laneName, type FoundEvent, type RecordQuery } from "@holon/core/log/log.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { checkRun, runRecords, type Integrity } from "@holon/core/log/run.ts";
import { holdsAnyLane, type SegmentIndex } from "@holon/core/log/segment-index.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import type { OpenSegment } from "./recover.ts";
import { batchRuns, findNextBatch, openWindow, readBatch, readStrayRuns, type BatchRun } from "./scan.ts";
import type { Survey } from "./survey.ts";

export interface FindContext {
  readonly segments: readonly OpenSegment[];
  readonly survey: Survey;
  readonly integrity: Integrity;
  /** What was let go of is not shown, even where its bytes are not gone yet. */
  expiredThrough(lane: string): number;
}

/** A part of the log that may hold an answer, none of them recorded after `maxMs`. */
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
  let found: FoundEvent[] = [];
  for (;;) {
    candidates.sort((a, b) => a.maxMs - b.maxMs || a.segment.number - b.segment.number || (a.part?.offset ?? 0) - (b.part?.offset ?? 0));
    const next = candidates.pop();
    const oldest = found[0];
    if (next === undefined || (oldest !== undefined && found.length >= query.limit && next.maxMs < oldest.recordedMs)) return found;
    if (next.part === undefined) candidates.push(...(await partsOf(next.segment, query, context)));
    else found = [...found, ...(await readPart(next.segment, next.part, query, context))].sort(inOrder).slice(-query.limit);
  }
}

/** By time of recording; at the same time by lane and sequence. */
function inOrder(a: FoundEvent, b: FoundEvent): number {
  if (a.recordedMs !== b.recordedMs) return a.recordedMs - b.recordedMs;
  const [one, two] = [laneName(a.record), laneName(b.record)];
  return one === two ? a.record.sequence - b.record.sequence : one < two ? -1 : 1;
}

function wholeSegment(segment: OpenSegment, query: RecordQuery, { survey }: FindContext): readonly Candidate[] {
  const summary = survey.summary(segment);
  const [whole] = summary === undefined ? [] : regionsFor(summary, query);
  return summary !== undefined && whole === undefined ? [] : [{ segment, part: undefined, maxMs: whole?.maxMs ?? Infinity }];
}

async function partsOf(segment: OpenSegment, query: RecordQuery, { segments, survey }: FindContext): Promise<readonly Candidate[]> {
  if (segments.at(-1) !== segment) await survey.finish(segment);
  const { size } = segment;
  const index = await survey.of(segment);
  const parts: Candidate[] = regionsFor(index, query).map((region) => ({ segment, part: region, maxMs: region.maxMs }));
  const describedBytes = Math.max(segmentHeaderBytes, index.sizeBytes);
  if (describedBytes < size) parts.push({ segment, part: { offset: describedBytes, end: size }, maxMs: Infinity });
  return parts;
}

function regionsFor(index: SegmentIndex, query: RecordQuery): SegmentIndex["regions"] {
  const lanes = new Set(index.lanes.flatMap((name, place) => {
    const lane = parseLaneName(name);
    return lane !== undefined && query.accepts(lane) ? [place] : [];
  }));
  const types = new Set(index.types.flatMap((type, place) => (hasType(type, query) ? [place] : [])));
  const anyType = query.type === undefined || hasType(unknownType, query);
  return index.regions.filter(
    (region) =>
      region.maxMs >= (query.sinceMs ?? -Infinity) &&
      region.minMs <= (query.untilMs ?? Infinity) &&
      (holdsAnyLane(region) || region.lanes.some((place) => lanes.has(place))) &&
      (anyType || region.types === null || region.types.some((place) => types.has(place))),
  );
}

const hasType = (type: string, query: RecordQuery): boolean => query.type === undefined || type.startsWith(query.type);

async function readPart(segment: OpenSegment, { offset: from, end }: NonNullable<Candidate["part"]>, query: RecordQuery, { integrity, expiredThrough }: FindContext): Promise<readonly FoundEvent[]> {
  const found: FoundEvent[] = [];
  const window = openWindow(segment.file, Math.min(end - from, windowBytes));
  for (let offset = from; offset < end; ) {
    const batch = await readBatch(window, offset, integrity);
    const next: number = batch?.end ?? Math.min(end, (await findNextBatch(window, offset + 1, integrity)) ?? end);
    const runs = batch === undefined ? await readStrayRuns(segment.file, offset, next, integrity) : batchRuns(batch, integrity);
    for (const run of runs) if (query.accepts(run.header)) found.push(...matching(run, query, expiredThrough(laneName(run.header)), integrity));
    offset = next;
  }
  return found;
}

const windowBytes = 1 << 20;
const decoder = new TextDecoder();

function matching(run: BatchRun, query: RecordQuery, expiredThrough: number, integrity: Integrity): readonly FoundEvent[] {
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
    const fits = hasType(event.type, query) && recordedMs >= (query.sinceMs ?? -Infinity) && recordedMs <= (query.untilMs ?? Infinity);
    return fits ? [{ record, event, recordedMs }] : [];
  });
}
