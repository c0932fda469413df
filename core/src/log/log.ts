/** The log as the rest of the house sees it. `node/src/log` implements it over the Disk port; control folds it. */
import type { HolonError } from "../errors.ts";
import type { DataClass, Event, StreamName } from "../schema/event.ts";
import type { Preambled } from "./preamble.ts";
import type { Epoch, NodeName } from "../units.ts";

/** A lane: one stream of one origin, dense by itself. Printed `origin/stream`, a branch of it `origin~branch/stream`. */
export interface Lane {
  readonly origin: NodeName;
  readonly stream: StreamName;
  /** Where the origin has more than one history: which one, see `branch.ts`. Absent: the history that was here first. */
  readonly branch?: string;
}

/** How far a lane goes: its last record and the chain up to it. */
export interface Mark {
  readonly epoch: Epoch;
  /** Of the last record; 0 where there is none yet. */
  readonly sequence: number;
  /** SHA-256 of the chain up to and including that record's run, 64 hexadecimal digits. */
  readonly hash: string;
}

/** One record to append to this node's own stream. */
export interface NewRecord {
  readonly stream: StreamName;
  /** Class of the event in it; the link checks it again without parsing. */
  readonly class: DataClass;
  /** A stored event, JSON in UTF-8. */
  readonly bytes: Uint8Array;
}

/**
 * Records of one stream and class as they came in, end to end, without what they share: appended in this order like any others, without an object
 * for each. None is over the bound on a record.
 */
export interface PackedRecords extends Preambled {
  readonly stream: StreamName;
  readonly class: DataClass;
  /** What is each record's own. */
  readonly bytes: Uint8Array;
  /** Of all records as they are read. */
  readonly recordBytes: number;
  /** Length of each, and CRC-32 of each, as the tables of a run hold them. */
  readonly lengths: Uint8Array;
  readonly checksums: Uint8Array;
}

/** Appends in a line fall together: once one of them has failed, those behind it fail too, and nothing is appended in that line any more. */
export interface AppendLine {
  failure: HolonError | undefined;
}

/** A cell: durable key and value of this node, last write wins. Function state, positions, source offsets, documents. */
export interface CellChange {
  readonly key: string;
  /** `null` removes the cell. */
  readonly value: Uint8Array | null;
}

export interface Append {
  readonly records?: readonly NewRecord[];
  /** Behind `records`, where there are both. */
  readonly packed?: PackedRecords;
  readonly line?: AppendLine;
  readonly cells?: readonly CellChange[];
  /** Asked right before it is written, however long it has stood in line: where it says no, nothing of it is, and the append fails with `HOLON_LEASE_OVER`. */
  readonly may?: (() => boolean) | undefined;
}

/** A record as it is read. Its name is `(origin, epoch, stream, sequence)`. */
export interface LogRecord extends Lane {
  readonly epoch: Epoch;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export interface ReadBounds {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** What is looked for in a log. */
export interface RecordQuery {
  accepts(lane: Lane): boolean;
  /** Event type or its beginning. */
  readonly type?: string | undefined;
  /** A text that stands in the record as it is written: others are not parsed. */
  readonly holds?: string | undefined;
  /** Recorded at or after, and at or before, by the records' own account; ms since 1970. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** What says that it was recorded after it came in counts as of then: in the order, and for `sinceMs` and `untilMs` as of both. What counts as of a time that is still to come stands before all others. */
  readonly asArrived?: boolean | undefined;
  readonly limit: number;
}

export interface FoundEvent {
  readonly record: LogRecord;
  readonly event: Event;
  readonly recordedMs: number;
  /** As of when it counts: the same, but with `asArrived`. */
  readonly countsMs: number;
}

export interface Log {
  readonly origin: NodeName;
  /** Fresh at each opening. */
  readonly epoch: Epoch;
  /**
   * Appends all of it or nothing; resolves when it is on disk. Returns the sequence of each of `records`, in order.
   * `HOLON_DISK_FULL`, `HOLON_DISK_FAILED`, `HOLON_RECORD_TOO_LARGE`, `HOLON_LOG_CLOSED`, `HOLON_LEASE_OVER`.
   */
  append(entry: Append): Promise<readonly number[]>;
  /** The lanes this node holds, its own and its children's, each with its head (last durable record). */
  heads(): ReadonlyMap<string, { readonly lane: Lane; readonly mark: Mark }>;
  head(lane: Lane): Mark | undefined;
  /** Durable records of a lane from `fromSequence` on, in order; empty where there are none yet. At least one if there is one. */
  read(lane: Lane, fromSequence: number, bounds: ReadBounds): Promise<readonly LogRecord[]>;
  /** The newest records that fit, oldest first: by time of recording, at the same time by lane and sequence. Reads no more than it must. */
  find(query: RecordQuery): Promise<readonly FoundEvent[]>;
  cell(key: string): Uint8Array | undefined;
  /** Cells whose key begins with `prefix`, by key, sorted. */
  cells(prefix: string): ReadonlyMap<string, Uint8Array>;
  /** Calls back after each commit with the lanes and cells (keys) it touched. Returns the way to stop. */
  onCommit(listener: (commit: { readonly lanes: readonly Lane[]; readonly cells: readonly string[] }) => void): () => void;
}

export const laneName = (lane: Lane): string => `${lane.branch === undefined ? lane.origin : `${lane.origin}~${lane.branch}`}/${lane.stream}`;
/** The lane alone, of something that has one. */
export const laneOf = ({ origin, stream, branch }: Lane): Lane => (branch === undefined ? { origin, stream } : { origin, stream, branch });
/** Whether both are histories of one stream of one origin. */
export const isSameStream = (one: Lane, other: Lane): boolean => one.origin === other.origin && one.stream === other.stream;
