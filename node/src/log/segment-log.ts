/**
 * The log of one node over the Disk port: one file sequence for all lanes, one `sync` for all that waits.
 *
 *     append ─▶ pending ─▶ encodeCommit (one batch) ─▶ write + sync ─▶ publish: heads, cells, tail, index ─▶ acknowledge
 *
 * Invariants: an append resolves only after `sync`; lanes are dense; a batch is all or nothing; the next batch may be encoded while
 * the one before is being written, and falls with it if that fails.
 */
import { assert, HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Append, type FoundEvent, type Lane, type Log, type LogRecord, type Mark, type NewRecord, type ReadBounds, type RecordQuery } from "@holon/core/log/log.ts";
import type { Merge } from "@holon/core/log/merge.ts";
import { lastSequence, lostRanges, runMark, type Integrity } from "@holon/core/log/run.ts";
import { sealBatch, sealedSize } from "@holon/core/log/seal.ts";
import { encodeSegmentHeader, segmentHeaderBytes, segmentPath } from "@holon/core/log/segment.ts";
import type { Clock, Disk, DiskFile, Random } from "@holon/core/ports.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import { epochFromChance, type Epoch, type NodeName } from "@holon/core/units.ts";
import { encodeCommit, type Commit, type ForeignRun, type Pending } from "./commit.ts";
import type { Heads } from "./heads.ts";
import { createAhead, type Ahead } from "./ahead.ts";
import { createLaneIndex } from "./lane-index.ts";
import { createLine, type LinedListener } from "./lined.ts";
import { collectRecords } from "./collect-records.ts";
import { decodeNumber, expiredCell } from "./expired-cell.ts";
import { createLetGo, type LetGo } from "./let-go.ts";
import type { MissingRange } from "./missing-range.ts";
import { findRecords } from "./find.ts";
import { readRunsFromDisk } from "./read-lane.ts";
import type { Damage, LostRange, UnsettledLane } from "./progress.ts";
import { recoverLog, type OpenSegment, type Recovered } from "./recover.ts";
import { Rolling } from "./rolling.ts";
import type { BatchRun } from "./scan.ts";
import { createRooms } from "./rooms.ts";
import { createScrub, type Scrub } from "./scrub.ts";
import { encodeSnapshot } from "./snapshot.ts";
import { SortedNames } from "./sorted-names.ts";
import { createSurvey, type Survey } from "./survey.ts";
import { createTail } from "./tail.ts";

export interface LogOptions {
  readonly origin: NodeName;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly integrity: Integrity;
  readonly segmentBytesMax?: number;
  /** Zeros written ahead of the end at most; 0 for none. */
  readonly aheadBytesMax?: number;
  /** Of what was let go of some gave its room back. */
  readonly freed?: () => void;
  /** The disk was full: an append failed. */
  full?(): void;
  /** The record that opens a stream in this epoch and names its predecessor. */
  opened(stream: StreamName, predecessor: Mark | undefined): NewRecord;
}

/** Appends with more bytes waiting than this are encoded while the batch before is being written. */
const encodeAheadBytes = 64 * 1024;
const recordOverheadBytes = 8;

type CommitListener = Parameters<Log["onCommit"]>[0];

// long file: the one state of the log; formats, scanning, recovery, reading and retention stand apart.
export async function openLog(options: LogOptions): Promise<SegmentLog> {
  const recovered = await recoverLog(options.disk, options.origin, options.integrity);
  const log = new SegmentLog(options, recovered);
  if (recovered.segments.length === 0) await log.roll();
  return log;
}

export class SegmentLog implements Log {
  readonly origin: NodeName;
  readonly epoch: Epoch;
  /** What was found damaged when the log was opened, in bytes and in records. */
  readonly damage: readonly Damage[];
  readonly lost: readonly LostRange[];
  /** Lanes of which more may be lost than that: nothing that is left says how far they went. */
  readonly unsettled: readonly UnsettledLane[];
  /** Cells that may have gone back to an earlier value, since their newest may be among what was lost. */
  readonly staleCells: readonly string[];
  /** Batches in which flipped bits were mended when the log was opened. */
  readonly mended: number;
  /** The indexes by time and type; whoever opened the log has them kept up to date. */
  readonly survey: Survey;
  readonly scrub: Scrub;
  readonly #options: LogOptions;
  readonly #segments: OpenSegment[];
  readonly #heads: Heads;
  readonly #cells: Map<string, Uint8Array>;
  readonly #cellNames: SortedNames;
  /** Of batches: what nobody read while it was in the tail is written over by a later one. */
  readonly #rooms = createRooms(limits.tailBytesMax);
  readonly #tail = createTail({ unused: (bytes) => this.#rooms.giveBack(bytes), nowMs: () => this.#options.clock.monotonicMs() });
  readonly #ahead: Ahead;
  readonly #listeners = new Set<CommitListener>();
  #lined: LinedListener | undefined;
  #standsBack = false;
  readonly #line = createLine((stream) => this.#nextSequence(stream));
  readonly #room: (() => void)[] = [];
  readonly #letGo: LetGo;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #resuming = 0;
  #isFull = false;
  #isWriting = false;
  /** Encoded while the batch before is being written. */
  #next: Commit | undefined;
  #segmentBytesMax: number;
  #cellsBytes = 0;
  #nextBatch: number;
  /** What the next roll says: as encoded, and as far as it is on the disk. */
  #rolling: Rolling;
  readonly #rolled: Rolling;
  /** Number of the last batch that is on the disk. */
  #published: number;
  #committing: Promise<void> | undefined;
  #failure: HolonError | undefined;

  constructor(options: LogOptions, recovered: Recovered) {
    this.#options = options;
    this.#ahead = createAhead(options.aheadBytesMax);
    this.#segmentBytesMax = options.segmentBytesMax ?? limits.segmentBytesMax;
    this.origin = options.origin;
    this.epoch = epochFromChance(options.random.bytes(13));
    const { damage, mended, heads, cells, nextBatch, rolling, staleCells } = recovered.progress;
    this.damage = damage;
    this.lost = recovered.lost;
    this.unsettled = recovered.unsettled;
    this.staleCells = [...staleCells];
    this.mended = mended;
    this.#rolling = rolling;
    this.#rolled = new Rolling(rolling);
    this.#segments = recovered.segments;
    this.survey = createSurvey(recovered.segments, options.disk, options.integrity, options.origin);
    this.scrub = createScrub(recovered.segments, (lane) => this.#expiredThrough(lane), options.integrity);
    this.#letGo = createLetGo({
      segments: this.#segments,
      disk: options.disk,
      clock: options.clock,
      ...(options.freed === undefined ? {} : { freed: options.freed }),
      integrity: options.integrity,
      expiredThrough: (lane) => this.#expiredThrough(lane),
      append: (entry) => this.append(entry),
      forget: (segment) => this.survey.forget(segment),
    });
    this.#heads = heads;
    this.#cells = cells;
    this.#cellNames = new SortedNames(cells.keys());
    this.#nextBatch = nextBatch;
    this.#published = nextBatch - 1;
    for (const [key, value] of this.#cells) this.#cellsBytes += key.length + value.length;
  }

  async append(entry: Append): Promise<readonly number[]> {
    const item = await this.#enqueue(entry, []);
    return item.sequences;
  }

  /** Appends children's runs byte for byte; says of each how it met what is held. */
  async appendRuns(runs: readonly ForeignRun[]): Promise<readonly Merge[]> {
    const item = await this.#enqueue({}, runs);
    return item.merges;
  }

  heads(): ReturnType<Heads["all"]> {
    return this.#heads.all();
  }

  head(lane: Lane): Mark | undefined {
    return this.#heads.durable(lane);
  }

  cell(key: string): Uint8Array | undefined {
    return this.#cells.get(key);
  }

  cells(prefix: string): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const key of this.#cellNames.beginning(prefix)) found.set(key, this.#cells.get(key) ?? new Uint8Array(0));
    return found;
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Somebody was handed what they wait for: the commit that comes next begins when others have had the processor, since whoever is woken on this one waits for who works on it. */
  standBack(): void {
    this.#standsBack = true;
  }

  /** Whoever wants to begin before the disk is done. One listener, of small appends; none is called while the disk is full. */
  onLined(listener: LinedListener): void {
    this.#lined = listener;
  }

  /** Runs of the lane from the one that holds `fromSequence`, until `maxBytes`; at least one if there is one. */
  async readRuns(lane: Lane, fromSequence: number, maxBytes: number): Promise<readonly BatchRun[]> {
    const head = this.#heads.durable(lane);
    if (head === undefined || fromSequence > head.sequence) return [];
    const recent = this.#tail.from(lane, fromSequence);
    // As they stand now: while it is read, segments before may go, and those that are cleaned take the place of others; what was there can still be read.
    if (recent === undefined) return readRunsFromDisk([...this.#segments], lane, fromSequence, maxBytes, { head, expiredThrough: this.#expiredThrough(laneName(lane)) }, this.#options.integrity);
    let held = 0;
    const end = recent.findIndex((run) => (held += run.bytes.length) >= maxBytes);
    return end < 0 ? recent : recent.slice(0, end + 1);
  }

  /** `accepts`: of which runs. */
  async read(lane: Lane, fromSequence: number, bounds: ReadBounds, accepts?: (run: BatchRun) => Promise<boolean>): Promise<readonly LogRecord[]> {
    const records: LogRecord[] = [];
    for (let from = fromSequence; records.length === 0; ) {
      const runs = await this.readRuns(lane, from, bounds.maxBytes);
      const last = runs.at(-1);
      if (last === undefined) break;
      for (const run of runs) {
        if (records.length < bounds.maxRecords && (accepts === undefined || (await accepts(run)))) collectRecords(run, fromSequence, bounds.maxRecords, records, this.#options.integrity);
      }
      from = lastSequence(last.header) + 1; // all of it may be a gap: what is behind it counts
    }
    return records;
  }

  find(query: RecordQuery): Promise<readonly FoundEvent[]> {
    return findRecords(query, { segments: this.#segments, survey: this.survey, integrity: this.#options.integrity, nowMs: this.#options.clock.wall().ms, expiredThrough: (lane) => this.#expiredThrough(lane) });
  }

  /** Ranges of a lane that are not here, and why: expired by rule, or damaged. */
  async missing(lane: Lane): Promise<readonly MissingRange[]> {
    const ranges: MissingRange[] = [];
    for (let from = 1; ; ) {
      const runs = await this.readRuns(lane, from, limits.linkBatchBytesMax);
      const last = runs.at(-1);
      if (last === undefined) return ranges;
      for (const { header, bytes } of runs) {
        for (const range of lostRanges(bytes, header)) ranges.push({ ...range, epoch: header.epoch, reason: header.reason === "expired" ? "expired" : "damaged" });
      }
      from = lastSequence(last.header) + 1;
    }
  }

  /** From the next one on segments are no longer than this, where nobody has said how long they may be. */
  boundSegments(bytes: number): void {
    this.#segmentBytesMax = this.#options.segmentBytesMax ?? Math.min(limits.segmentBytesMax, Math.max(limits.segmentBytesMin, bytes));
  }

  /** Lets go of what the plan names, see `let-go.ts`. */
  retain: LetGo["retain"] = (plan, tell, isUrgent) => this.#letGo.retain(plan, tell, isUrgent);

  #expiredThrough(lane: string): number {
    return decodeNumber(this.#cells.get(expiredCell(lane)));
  }

  /** Waits for what is pending, then closes the files. */
  async close(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    if (this.#failure === undefined) await this.#seal().catch((error: unknown) => this.#fail(toHolonError(error)));
    await this.#ahead.idle();
    this.#failure ??= new HolonError("HOLON_LOG_CLOSED", `the log of ${this.origin} is closed`);
    await this.#letGo.close();
    for (const { file } of this.#segments) await file.close();
  }

  /** Bytes of all segments. */
  sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  /** Begins the next segment with a snapshot of what is durable. */
  async roll(): Promise<void> {
    const { disk, integrity, clock } = this.#options;
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    await this.#seal();
    const path = segmentPath(number);
    const file = await disk.open(path, { create: true });
    const snapshot = { number: this.#published, wallMs: clock.wall().ms, cells: this.#cells, heads: this.#heads.all() };
    const bytes = sealBatch(encodeSnapshot(snapshot, integrity), number, integrity);
    try {
      await file.truncate(0); // a roll that the disk refused may have left a part
      await file.write(0, encodeSegmentHeader(number, integrity));
      await file.write(segmentHeaderBytes, bytes);
      await file.sync();
      await disk.syncFolder("log");
    } catch (error) {
      await this.#unroll(path, file);
      throw error;
    }
    this.#segments.push({ number, file, size: segmentHeaderBytes + bytes.length, index: createLaneIndex() });
  }

  /**
   * Takes back what a refused roll left, for good: its snapshot would be newer than what goes on behind it in the segment before. A disk that refuses
   * this as well has the last word on the log until it is opened again.
   */
  async #unroll(path: string, file: DiskFile): Promise<void> {
    try {
      await file.close();
      await this.#options.disk.remove(path);
      await this.#options.disk.syncFolder("log");
    } catch (cause) {
      throw new HolonError("HOLON_DISK_FAILED", `${path} was begun, and the disk lets nobody take it back`, { cause });
    }
  }

  /** What was written ahead of the end and not used is given back, for good: in a sealed segment zeros are damage. */
  async #seal(): Promise<void> {
    await this.#ahead.idle();
    const last = this.#segments.at(-1);
    if (last === undefined || last.file.size() <= last.size) return;
    await last.file.truncate(last.size);
    await last.file.sync();
  }

  async #enqueue({ records = [], packed, cells = [], line, may }: Append, runs: readonly ForeignRun[]): Promise<Pending> {
    const bytes = this.#measure(records, cells, runs) + (packed === undefined ? 0 : packed.recordBytes + recordOverheadBytes * packed.count);
    if (!this.#hasRoom()) await this.#waitForRoom();
    if (this.#failure !== undefined) throw this.#failure;
    if (line?.failure !== undefined) throw line.failure;
    return new Promise((resolve, reject) => {
      const item: Pending = { records, packed, line, cells, runs, may, bytes, sequences: [], merges: [], resolve: () => resolve(item), reject };
      this.#pending.push(item);
      this.#pendingBytes += bytes;
      this.#committing ??= this.#commitAll();
      this.#tellLined(item); // before it may be encoded: names are told of what stands in line
      this.#encodeAhead();
    });
  }

  /** Who comes while others wait, or are about to go on, waits behind them. */
  #hasRoom(): boolean {
    return this.#pendingBytes <= limits.appendPendingBytesMax && this.#room.length === 0 && this.#resuming === 0;
  }

  /** Back-pressure, first come first served: who appends in order is committed in order. */
  async #waitForRoom(): Promise<void> {
    await new Promise<void>((resume) => this.#room.push(resume));
    this.#resuming -= 1;
  }

  #makeRoom(): void {
    if (this.#pendingBytes > limits.appendPendingBytesMax) return;
    const waiting = this.#room.splice(0);
    this.#resuming += waiting.length;
    for (const resume of waiting) resume();
  }

  #measure(records: readonly NewRecord[], cells: Pending["cells"], runs: readonly ForeignRun[]): number {
    let bytes = 0;
    for (const record of records) {
      if (record.bytes.length > limits.recordBytesMax) {
        throw new HolonError("HOLON_RECORD_TOO_LARGE", `a record for ${this.origin}/${record.stream} has ${record.bytes.length} bytes; the limit is ${limits.recordBytesMax}`);
      }
      bytes += record.bytes.length + recordOverheadBytes;
    }
    for (const cell of cells) bytes += cell.key.length + (cell.value?.length ?? 0);
    for (const run of runs) bytes += run.bytes.length;
    if (cells.length > 0 && this.#cellsBytes + bytes > limits.cellsBytesMax) {
      throw new HolonError("HOLON_STATE_TOO_LARGE", `the cells of ${this.origin} would exceed ${limits.cellsBytesMax} bytes`);
    }
    return bytes;
  }

  async #commitAll(): Promise<void> {
    await (this.#options.clock.turn?.() ?? Promise.resolve()); // appends of the same turn share one commit, and who begins early has begun
    if (this.#standsBack) await (this.#options.clock.rest?.() ?? Promise.resolve());
    this.#standsBack = false;
    while (this.#failure === undefined) {
      const commit = this.#next ?? this.#encodeNext();
      this.#next = undefined;
      if (commit === undefined) break;
      this.#isWriting = true;
      const written = this.#write(commit);
      this.#encodeAhead();
      const outcome = await written.catch(toHolonError);
      this.#isWriting = false;
      if (outcome === "written") this.#publish(commit);
      else if (outcome === "over") this.#takeBack(commit);
      else this.#abandon(outcome, commit);
    }
    this.#committing = undefined;
  }

  #tellLined(item: Pending): void {
    const { records } = item;
    if (this.#lined === undefined) return;
    const sequences = this.#line.follow(item);
    if (this.#isFull || records.length === 0 || item.bytes > limits.stagedBytesMax) return;
    this.#lined(records, sequences, new Promise((settle) => (item.promised = { sequences, settle })));
  }

  /** Behind what was encoded; a stream that this epoch has not opened yet is opened by a record of its own. */
  #nextSequence(stream: StreamName): number {
    const head = this.#heads.staged({ origin: this.origin, stream });
    return (head?.sequence ?? 0) + (head?.epoch === this.epoch ? 1 : 2);
  }

  /** While one batch is being written, the next is encoded as soon as it is worth it: disk and processor work side by side. */
  #encodeAhead(): void {
    // What may not be written any more by then is not encoded before.
    if (this.#isWriting && this.#next === undefined && this.#pendingBytes >= encodeAheadBytes && this.#pending.every(({ may }) => may === undefined)) this.#next = this.#encodeNext();
  }

  #encodeNext(): Commit | undefined {
    this.#dropOver();
    let count = 0;
    let bytes = 0;
    for (const item of this.#pending) {
      if (count > 0 && bytes + item.bytes > limits.batchBytesMax) break;
      count += 1;
      bytes += item.bytes;
    }
    if (count === 0) return undefined;
    const items = this.#pending.splice(0, count);
    this.#pendingBytes -= bytes;
    this.#makeRoom();
    const { clock, integrity, opened } = this.#options;
    const context = {
      origin: this.origin,
      epoch: this.epoch,
      integrity,
      heads: this.#heads,
      opened: (stream: StreamName) => opened(stream, this.#heads.staged({ origin: this.origin, stream })),
    };
    const number = this.#nextBatch++;
    const commit = encodeCommit(items, number, clock.wall().ms, this.#rolling.encode(number, bytes, integrity), context, (size) => this.#rooms.take(size));
    this.#rolling.took(number, commit.runs.map((run) => run.header));
    if (items.some(({ promised, sequences }) => promised?.sequences.some((sequence, index) => sequence !== sequences[index]) === true)) {
      breakPromises([...items, ...this.#pending]);
      this.#line.anew(this.#pending);
    }
    return commit;
  }

  /** `over`: while room was made for it, the time of something in it has passed. Nothing is awaited between that question and the write. */
  async #write(commit: Commit): Promise<"written" | "over"> {
    let segment = this.#current();
    const sizeMax = this.#segmentBytesMax;
    if (segment.size + sealedSize(commit.bytes, this.#options.integrity) > sizeMax && segment.size > segmentHeaderBytes) {
      await this.roll();
      segment = this.#current();
    }
    const bytes = sealBatch(commit.bytes, segment.number, this.#options.integrity);
    const end = segment.size + bytes.length;
    await this.#ahead.clear(end);
    if (commit.items.some(({ may }) => may?.() === false)) return "over";
    try {
      await segment.file.writeThrough(segment.size, bytes);
    } catch (error) {
      await this.#ahead.idle();
      await segment.file.truncate(segment.size); // so that what follows does not stand before half a batch
      throw error;
    }
    this.#ahead.follow(segment.file, end, bytes.length, sizeMax);
    return "written";
  }

  /** As if it had not been encoded: it stands in line again, before those that came later. */
  #takeBack(commit: Commit): void {
    const items = [...commit.items, ...(this.#next?.items ?? [])];
    this.#next = undefined;
    this.#heads.fallBack();
    this.#rolling = new Rolling(this.#rolled);
    this.#pending = [...items, ...this.#pending];
    breakPromises(this.#pending);
    for (const item of items) {
      this.#pendingBytes += item.bytes;
      item.sequences.length = 0;
      item.merges.length = 0;
    }
    this.#line.anew(this.#pending);
  }

  #publish(commit: Commit): void {
    this.#isFull = false;
    const segment = this.#current();
    for (const run of commit.runs) {
      this.#heads.settle(run.header, runMark(run.header));
      segment.index?.add(run.header, segment.size);
    }
    segment.size += sealedSize(commit.bytes, this.#options.integrity);
    for (const cell of commit.cells) this.#setCell(cell.key, cell.value);
    this.#rolled.published(commit.number, commit.runs.map((run) => run.header), commit.roll);
    this.#published = commit.number;
    this.#tail.push(commit.runs, commit.bytes);
    for (const item of commit.items) {
      item.resolve();
      item.promised?.settle(true);
    }
    const event = { lanes: commit.runs.map((run) => run.header), cells: commit.cells.map((cell) => cell.key) };
    for (const listener of this.#listeners) listener(event);
  }

  #setCell(key: string, value: Uint8Array | null): void {
    const old = this.#cells.get(key);
    if (old !== undefined) this.#cellsBytes -= key.length + old.length;
    if (value === null) {
      this.#cells.delete(key);
      this.#cellNames.remove(key);
    } else {
      if (old === undefined) this.#cellNames.add(key);
      this.#cells.set(key, value);
      this.#cellsBytes += key.length + value.length;
    }
  }

  /** A failed write: nothing of it was acknowledged. Where the segment cannot be put back as it was, the log takes no more. */
  #abandon(failure: HolonError, commit: Commit): void {
    const next = this.#next;
    this.#next = undefined;
    this.#heads.fallBack();
    this.#rolling = new Rolling(this.#rolled); // what was abandoned was never there
    breakPromises([...commit.items, ...(next?.items ?? []), ...this.#pending]);
    for (const item of [...commit.items, ...(next?.items ?? [])]) {
      if (item.line !== undefined) item.line.failure ??= failure;
      item.reject(failure);
    }
    this.#dropFallen();
    this.#line.anew(this.#pending);
    if (failure.code === "HOLON_DISK_FULL") {
      this.#isFull = true;
      this.#options.full?.();
    } else this.#fail(failure);
  }

  /** Appends that stood in line behind one that failed. */
  #dropFallen(): void {
    this.#pending = this.#pending.filter((item) => {
      if (item.line?.failure === undefined) return true;
      this.#pendingBytes -= item.bytes;
      item.reject(item.line.failure);
      return false;
    });
    this.#makeRoom();
  }

  /** Appends that may be made no more. */
  #dropOver(): void {
    const over = this.#pending.filter(({ may }) => may?.() === false);
    if (over.length === 0) return;
    breakPromises(this.#pending);
    this.#pending = this.#pending.filter((item) => !over.includes(item));
    this.#line.anew(this.#pending);
    const failure = new HolonError("HOLON_LEASE_OVER", `${this.origin} stores no more of what it may not run now`);
    for (const item of over) {
      this.#pendingBytes -= item.bytes;
      if (item.line !== undefined) item.line.failure ??= failure;
      item.reject(failure);
    }
    this.#makeRoom();
  }

  /** What the log says of its disk: `full` until an append succeeds again. */
  get diskState(): "ok" | "full" | "failed" {
    if (this.#failure !== undefined && this.#failure.code !== "HOLON_LOG_CLOSED") return "failed";
    return this.#isFull ? "full" : "ok";
  }

  #fail(failure: HolonError): void {
    this.#failure = failure;
    for (const item of this.#pending.splice(0)) item.reject(failure);
    this.#pendingBytes = 0;
    this.#makeRoom();
  }

  #current(): OpenSegment {
    const segment = this.#segments.at(-1);
    assert(segment !== undefined, "an open log has a segment");
    return segment;
  }
}

/** Those that wait will not have the names that they were promised. */
function breakPromises(waiting: readonly Pending[]): void {
  for (const { promised } of waiting) promised?.settle(false);
}
