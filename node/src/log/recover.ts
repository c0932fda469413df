/**
 * Opens a log as it was found: the newest segment with an intact snapshot is read to its end, single flipped bits are mended on the disk,
 * a torn tail is cut off, and what is damaged beyond that is named record by record. A log always opens.
 */
import type { Lane } from "@holon/core/log/log.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { openStrays } from "@holon/core/log/seal.ts";
import { encodeSegmentHeader, parseSegmentHeader, segmentHeaderBytes, segmentNumber, segmentPath, segmentVersionMax } from "@holon/core/log/segment.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { streamNames } from "@holon/core/schema/event.ts";
import type { NodeName } from "@holon/core/units.ts";
import { decodeNumber, expiredCell } from "./expired-cell.ts";
import { inspectBatch, type Inspected } from "./inspect.ts";
import { createLaneIndex, type LaneIndex } from "./lane-index.ts";
import { Progress, type LostRange, type UnsettledLane } from "./progress.ts";
import { salvage } from "./salvage.ts";
import { diskForm, findNextBatch, isBlank, looksTorn, openWindow, readBatch, type ScannedBatch, type Window } from "./scan.ts";

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
  readonly progress: Progress;
  readonly lost: readonly LostRange[];
  readonly unsettled: readonly UnsettledLane[];
}

export async function recoverLog(disk: Disk, origin: NodeName, integrity: Integrity): Promise<Recovered> {
  await disk.makeFolder("log");
  await disk.syncFolder(""); // or the whole folder could be gone after a power cut
  for (const name of await disk.list("log")) if (name.endsWith(".new")) await disk.remove(`log/${name}`); // a cleaning that did not finish
  const numbers = (await disk.list("log")).map(segmentNumber).filter((number) => number !== undefined);
  const segments: OpenSegment[] = [];
  for (const number of numbers) {
    const file = await disk.open(segmentPath(number), { create: false });
    segments.push({ number, file, size: file.size(), index: undefined });
  }
  await dropTornRoll(disk, segments, integrity);
  const base = await newestSnapshot(segments, integrity);
  const progress = new Progress(base > 0);
  for (const [position, segment] of segments.entries()) {
    if (position >= base) await recoverSegment(segment, position === segments.length - 1, progress, integrity);
  }
  // What a killed process wrote can be read and may yet not be on the disk: it counts only from here on.
  for (const segment of segments.slice(base)) await segment.file.sync();
  await disk.syncFolder("log");
  progress.end();
  const lost = withoutExpired(progress.lost, (lane) => decodeNumber(progress.cells.get(expiredCell(lane))));
  const missing = segments.find(({ number }, position) => position >= base && number > (segments[position - 1]?.number ?? 0) + 1);
  if (lost.length > 0 && progress.damage.length === 0 && missing !== undefined) progress.damaged({ segment: segmentPath(missing.number - 1), fromByte: 0, toByte: 0, what: "segments that are not there" });
  const own = streamNames.map((stream): Lane => ({ origin, stream }));
  return { segments, progress, lost, unsettled: progress.unsettled(own) };
}

/** What was let go of by rule is not damaged. */
export function withoutExpired(lost: readonly LostRange[], expiredThrough: (lane: string) => number): readonly LostRange[] {
  return lost.map(({ lane, first, last }) => ({ lane, first: Math.max(first, expiredThrough(lane) + 1), last })).filter(({ first, last }) => first <= last);
}

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
  if (header.state === "intact" && (header.version < 1 || header.version > segmentVersionMax)) {
    throw new HolonError("HOLON_LOG_FORMAT", `${segmentPath(segment.number)} has format version ${header.version}; this program reads up to ${segmentVersionMax}`);
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
    progress.damaged({ segment: segmentPath(segment.number), fromByte: offset, toByte: end, what: batch === undefined ? "batch" : "part of a batch" });
    if (batch === undefined || inspected === undefined) {
      const salvaged = salvage(openStrays(await segment.file.read(offset, end - offset), integrity), integrity);
      progress.applySalvaged(salvaged, integrity);
      for (const { header } of salvaged.runs) index.add(header, offset);
      return end;
    }
    applyBatch(inspected, batch, progress, index, integrity);
    return end;
  }
  const written = inspected.mended || batch.mended || batch.isDoubtful === true ? diskForm(batch, inspected.bytes, integrity) : undefined;
  if (written !== undefined && !isSealedAs(batch, written)) progress.damaged({ segment: segmentPath(segment.number), fromByte: offset, toByte: batch.end, what: "a batch that is not as it was sealed" });
  else if (written !== undefined) {
    await segment.file.write(batch.offset, written);
    progress.mended += 1;
  }
  applyBatch(inspected, batch, progress, index, integrity);
  return batch.end;
}

/** The header says nothing that the file's name does not; one of an earlier version is raised, since what is appended from here on is of this one. */
async function mendSegmentHeader(segment: OpenSegment, window: Window, integrity: Integrity): Promise<void> {
  const found = await window.bytes(0, segmentHeaderBytes);
  const header = parseSegmentHeader(found, integrity);
  if (header.state === "intact" && header.version === segmentVersionMax) return; // written while the log was encrypted
  const wanted = encodeSegmentHeader(segment.number, integrity);
  if (found.length === wanted.length && found.some((byte, index) => byte !== wanted[index])) await segment.file.write(0, wanted);
}

/** Sealed anew, it has the tag that it had: what was mended is all that was wrong. */
export function isSealedAs({ seal }: ScannedBatch, written: Uint8Array): boolean {
  return seal === undefined || seal.tag.every((byte, index) => byte === written[written.length - seal.tag.length + index]);
}

function applyBatch(inspected: Inspected, batch: ScannedBatch, progress: Progress, index: LaneIndex, integrity: Integrity): void {
  progress.apply(batch, inspected, integrity);
  for (const { header } of inspected.runs) index.add(header, batch.offset);
}
