/**
 * Opens a log as it was found: the newest segment with an intact snapshot is read to its end, single flipped bits are mended on the disk,
 * a torn tail is cut off, and what is damaged beyond that is named record by record. A log always opens.
 */
import { entryKind } from "@holon/core/log/batch.ts";
import { readCell } from "@holon/core/log/cell.ts";
import { laneName, type Lane, type Mark } from "@holon/core/log/log.ts";
import { decodeRoll, type RolledRun } from "@holon/core/log/roll.ts";
import { checkRun, runMark, runRecords, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import { encodeSegmentHeader, parseSegmentHeader, segmentHeaderBytes, segmentNumber, segmentPath, segmentVersion } from "@holon/core/log/segment.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { createHeads, type Heads } from "./heads.ts";
import { createLaneIndex, type LaneIndex } from "./lane-index.ts";
import { findNextBatch, isBlank, looksTorn, openWindow, readBatch, strayRuns, type ScannedBatch, type Window } from "./scan.ts";
import { decodeHeads } from "./snapshot.ts";

/** A part of a segment that is not as it was written. */
export interface Damage {
  readonly segment: string;
  readonly fromByte: number;
  readonly toByte: number;
  readonly what: string;
}

/** Records of a lane that are damaged: exact. */
export interface LostRange {
  readonly lane: string;
  readonly first: number;
  readonly last: number;
}

export interface OpenSegment {
  readonly number: number;
  readonly file: DiskFile;
  /** Bytes that are durable and readable. */
  size: number;
  /** Built when first needed for a sealed segment. */
  index: LaneIndex | undefined;
}

export interface Recovered {
  readonly segments: OpenSegment[];
  readonly heads: Heads;
  readonly cells: Map<string, Uint8Array>;
  readonly nextBatch: number;
  readonly damage: readonly Damage[];
  readonly lost: readonly LostRange[];
  /** Flipped bits that were mended, in batches. */
  readonly mended: number;
  /** Runs of the last batch, for the roll of the next. */
  readonly lastRuns: readonly RunHeader[];
}

export interface Progress {
  readonly heads: Heads;
  readonly cells: Map<string, Uint8Array>;
  readonly damage: Damage[];
  readonly lost: LostRange[];
  nextBatch: number;
  mended: number;
  lastRuns: readonly RunHeader[];
  /** Where the lanes began is not known: what is before the first run of each is nobody's loss. */
  readonly isWithoutHeads?: boolean;
}

export async function recoverLog(disk: Disk, integrity: Integrity): Promise<Recovered> {
  await disk.makeFolder("log");
  await disk.syncFolder(""); // or the whole folder could be gone after a power cut
  for (const name of await disk.list("log")) if (name.endsWith(".new")) await disk.remove(`log/${name}`); // a cleaning that did not finish
  const numbers = (await disk.list("log")).map(segmentNumber).filter((number) => number !== undefined);
  const segments: OpenSegment[] = [];
  for (const number of numbers) {
    const file = await disk.open(segmentPath(number), { create: false });
    segments.push({ number, file, size: file.size(), index: undefined });
  }
  const progress = beginProgress();
  await dropTornRoll(disk, segments, integrity);
  const base = await newestSnapshot(segments, integrity);
  for (const [position, segment] of segments.entries()) {
    if (position >= base) await recoverSegment(segment, position === segments.length - 1, progress, integrity);
  }
  // What a killed process wrote can be read and may yet not be on the disk: it counts only from here on.
  for (const segment of segments.slice(base)) await segment.file.sync();
  await disk.syncFolder("log");
  return { segments, ...progress };
}

export const beginProgress = (): Progress => ({ heads: createHeads(), cells: new Map(), damage: [], lost: [], nextBatch: 1, mended: 0, lastRuns: [] });

/** A segment that was being made when the power went: nothing in it was acknowledged. */
async function dropTornRoll(disk: Disk, segments: OpenSegment[], integrity: Integrity): Promise<void> {
  const last = segments.at(-1);
  if (last === undefined || (await headSnapshot(last, integrity)) !== undefined) return;
  // Anything that is a batch stays: after a roll that failed, records may follow the header without a snapshot.
  if ((await findNextBatch(openWindow(last.file), segmentHeaderBytes, integrity)) !== undefined) return;
  // Short or unwritten as a whole, or in the snapshot that begins behind the header.
  if (!(await looksTorn(last.file, 0, integrity)) && !(await looksTorn(last.file, segmentHeaderBytes, integrity))) return;
  await last.file.close();
  await disk.remove(segmentPath(last.number));
  await disk.syncFolder("log");
  segments.pop();
}

async function newestSnapshot(segments: readonly OpenSegment[], integrity: Integrity): Promise<number> {
  for (let position = segments.length - 1; position > 0; position--) {
    const segment = segments[position];
    if (segment !== undefined && (await headSnapshot(segment, integrity)) !== undefined) return position;
  }
  return 0;
}

/** The snapshot batch at the head of a segment if all of it is intact or can be mended. */
export async function headSnapshot(segment: OpenSegment, integrity: Integrity): Promise<ScannedBatch | undefined> {
  const header = parseSegmentHeader(await segment.file.read(0, segmentHeaderBytes), integrity);
  if (header.state === "intact" && header.version !== segmentVersion) {
    throw new HolonError("HOLON_LOG_FORMAT", `${segmentPath(segment.number)} has format version ${header.version}; this program reads ${segmentVersion}`);
  }
  const batch = await readBatch(openWindow(segment.file, 64 * 1024), segmentHeaderBytes, integrity);
  return batch?.header.snapshot === true && inspectBatch(batch, integrity).damaged === 0 ? batch : undefined;
}

async function recoverSegment(segment: OpenSegment, isLast: boolean, progress: Progress, integrity: Integrity): Promise<void> {
  const index = createLaneIndex();
  segment.index = index;
  const window = openWindow(segment.file);
  await mendSegmentHeader(segment, window, integrity);
  for (let offset = segmentHeaderBytes; offset < segment.file.size(); ) offset = await recoverBatch({ segment, window, index, isLast, mayEndInRoom: true }, offset, progress, integrity);
  segment.size = segment.file.size();
}

export interface Recovering {
  readonly segment: OpenSegment;
  readonly window: Window;
  readonly index: LaneIndex;
  /** Its end may be torn. */
  readonly isLast: boolean;
  /** The end of the file may be room ahead that was not used: else zeros are damage. */
  readonly mayEndInRoom: boolean;
}

/** Checks what stands at `offset`, mends it on the disk or names what is lost, and says where the next begins. A torn tail is cut off. */
export async function recoverBatch({ segment, window, index, isLast, mayEndInRoom }: Recovering, offset: number, progress: Progress, integrity: Integrity): Promise<number> {
  const batch = await readBatch(window, offset, integrity);
  const inspected = batch && inspectBatch(batch, integrity);
  if (batch === undefined && mayEndInRoom && (await isBlank(segment.file, offset))) {
    await segment.file.truncate(offset); // room ahead that was not used
    return offset;
  }
  if (batch === undefined || inspected === undefined || inspected.damaged > 0) {
    const next = await findNextBatch(window, batch?.end ?? offset + 1, integrity);
    if (next === undefined && isLast && (await looksTorn(segment.file, offset, integrity))) {
      await segment.file.truncate(offset);
      return offset;
    }
    const end = batch?.end ?? next ?? segment.file.size();
    progress.damage.push({ segment: segmentPath(segment.number), fromByte: offset, toByte: end, what: batch === undefined ? "batch" : "part of a batch" });
    if (batch === undefined) await applyStrays(segment, offset, end, progress, index, integrity);
    else applyBatch(inspectBatch(batch, integrity), batch, progress, index, integrity);
    return end;
  }
  if (inspected.mended || batch.mended) {
    await segment.file.write(batch.offset, inspected.bytes);
    progress.mended += 1;
  }
  applyBatch(inspected, batch, progress, index, integrity);
  return batch.end;
}

/** The header says nothing that the file's name does not. */
async function mendSegmentHeader(segment: OpenSegment, window: Window, integrity: Integrity): Promise<void> {
  const found = await window.bytes(0, segmentHeaderBytes);
  const wanted = encodeSegmentHeader(segment.number, integrity);
  if (found.length === wanted.length && found.some((byte, index) => byte !== wanted[index])) await segment.file.write(0, wanted);
}

interface Inspected {
  /** The batch with everything mended that could be. */
  readonly bytes: Uint8Array;
  readonly mended: boolean;
  /** Parts that are lost. */
  readonly damaged: number;
  readonly runs: readonly { readonly header: RunHeader; readonly bytes: Uint8Array; readonly damaged: number }[];
  readonly cells: readonly { readonly key: string; readonly value: Uint8Array | null }[];
  readonly heads: ReadonlyMap<string, { readonly lane: Lane; readonly mark: Mark }> | undefined;
  readonly roll: readonly RolledRun[];
}

/** Checks and mends every part of a batch. */
function inspectBatch(batch: ScannedBatch, integrity: Integrity): Inspected {
  const bytes = batch.bytes.slice();
  const runs: { header: RunHeader; bytes: Uint8Array; damaged: number }[] = [];
  const cells: { key: string; value: Uint8Array | null }[] = [];
  let heads: Inspected["heads"];
  let roll: readonly RolledRun[] = [];
  let damaged = 0;
  for (const { kind, offset, length } of batch.header.entries) {
    const payload = bytes.subarray(offset, offset + length);
    if (kind === entryKind.run) {
      const checked = checkRun(payload, integrity);
      if (checked === undefined) damaged += 1;
      else {
        if (checked.mended) payload.set(checked.bytes);
        damaged += checked.damaged;
        runs.push({ header: checked.header, bytes: payload, damaged: checked.damaged });
      }
    } else if (kind === entryKind.heads) {
      heads = decodeHeads(payload, integrity);
      if (heads === undefined) damaged += 1;
    } else if (kind === entryKind.roll) {
      const decoded = decodeRoll(payload, integrity);
      if (decoded === undefined) damaged += 1;
      roll = decoded ?? [];
    } else {
      const cell = readCell(payload, kind === entryKind.cellRemoved, integrity);
      if (cell === undefined) damaged += 1;
      else cells.push(cell);
    }
  }
  return { bytes, mended: !isSame(bytes, batch.bytes), damaged, runs, cells, heads, roll };
}

/** A plain loop: a callback for each byte took more time than all the rest of an opening. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return one.length === other.length;
}

function applyBatch(inspected: Inspected, batch: ScannedBatch, progress: Progress, index: LaneIndex, integrity: Integrity): void {
  for (const { lane, mark } of inspected.heads?.values() ?? []) progress.heads.settle(lane, mark);
  for (const rolled of inspected.roll) applyRolled(rolled, progress);
  for (const { header, bytes, damaged } of inspected.runs) {
    applyRun(header, progress);
    index.add(header, batch.offset);
    if (damaged > 0) noteDamagedRecords(header, bytes, progress, integrity);
  }
  for (const { key, value } of inspected.cells) {
    if (value === null) progress.cells.delete(key);
    else progress.cells.set(key, value);
  }
  progress.nextBatch = batch.header.number + 1;
  progress.lastRuns = inspected.runs.map(({ header }) => header);
}

/** A run that follows its lane's head; a jump means that what is between was lost. */
function applyRun(header: RunHeader, progress: Progress): void {
  const head = progress.heads.durable(header);
  const expected = (head?.sequence ?? 0) + 1;
  if (header.firstSequence > expected && (head !== undefined || progress.isWithoutHeads !== true)) noteLost(progress, header, expected, header.firstSequence - 1);
  progress.heads.settle(header, runMark(header));
}

/** What the batch before held: what of it was not found is lost, and the lane goes on behind it. */
function applyRolled({ lane, firstSequence, mark }: RolledRun, progress: Progress): void {
  const head = progress.heads.durable(lane);
  if ((head?.sequence ?? 0) >= mark.sequence || (head === undefined && progress.isWithoutHeads === true)) return;
  noteLost(progress, lane, Math.max(firstSequence, (head?.sequence ?? 0) + 1), mark.sequence);
  progress.heads.settle(lane, mark);
}

/** A segment was read to its end: what the next one's snapshot says stood before it, and was not found, is lost. */
export async function applyNextSnapshot(next: OpenSegment, progress: Progress, integrity: Integrity): Promise<void> {
  const batch = await headSnapshot(next, integrity);
  const heads = batch && inspectBatch(batch, integrity).heads;
  for (const { lane, mark } of heads?.values() ?? []) applyRolled({ lane, firstSequence: 1, mark }, progress);
}

function noteLost(progress: Progress, lane: Lane, first: number, last: number): void {
  if (last >= first) progress.lost.push({ lane: laneName(lane), first, last });
}

function noteDamagedRecords(header: RunHeader, bytes: Uint8Array, progress: Progress, integrity: Integrity): void {
  let first: number | undefined;
  const { records } = runRecords(bytes, header, integrity);
  for (let index = 0; index <= records.length; index++) {
    const isLost = index < records.length && records[index] === undefined;
    if (isLost) first ??= header.firstSequence + index;
    else if (first !== undefined) {
      noteLost(progress, header, first, header.firstSequence + index - 1);
      first = undefined;
    }
  }
}

/** A batch whose frame is gone: the runs in it that still stand by themselves are kept. */
async function applyStrays(segment: OpenSegment, from: number, to: number, progress: Progress, index: LaneIndex, integrity: Integrity): Promise<void> {
  const bytes = await segment.file.read(from, to - from);
  for (const stray of strayRuns(bytes, integrity)) {
    applyRun(stray.header, progress);
    index.add(stray.header, from);
  }
}
