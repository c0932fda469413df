/**
 * What a reduction holds of each subject between its readings, in memory and in its durable state:
 *
 *     subject/<name>        {touched, pieces, head}: changed once a batch
 *     rows/<name>/<piece>   rows that wait for their block, as many as came in one batch: written once
 *
 * Bounded: over the limits, the subject that has been still for longest is closed, and what it held is handed out.
 */
import { limits } from "../limits.ts";
import type { UnitEvent } from "../ports.ts";
import type { StateTable } from "../run/state-table.ts";
import type { Reduced } from "./reducer.ts";
import { rowBytes, type Row } from "./row.ts";

export type Emit = (timeMs: number, data: unknown) => void;

/** One kind of reduction, seen from one subject. */
export interface SubjectKind<Head> {
  fresh(): Head;
  /** From what `toJSON` of the head made. */
  restore(kept: unknown): Head;
  take(event: UnitEvent, subject: OpenSubject<Head>, emit: Emit): void;
  /** Hands out what is held. */
  close(subject: OpenSubject<Head>, emit: Emit): void;
  /** Of the head as JSON, about. */
  size(head: Head): number;
}

export interface OpenSubject<Head> {
  head: Head;
  /** Rows that wait; only added to, or emptied. */
  rows: Row[];
  /** Of the rows as JSON, about. */
  rowsBytes: number;
}

interface Held<Head> extends OpenSubject<Head> {
  readonly name: string;
  touched: number;
  /** Pieces of rows in the state, how many rows they are, and of which list. */
  pieces: number;
  written: number;
  writtenOf: readonly Row[];
  changed: boolean;
  openBytes: number;
}

interface KeptSubject {
  readonly touched: number;
  readonly pieces: number;
  readonly head: unknown;
}

export class Subjects<Head> {
  readonly #kind: SubjectKind<Head>;
  readonly #state: StateTable;
  /** The one that has been still for longest first. */
  readonly #held: Map<string, Held<Head>>;
  #touches = 0;
  #openBytes = 0;

  constructor(kind: SubjectKind<Head>, state: StateTable, kept: ReadonlyMap<string, string>) {
    this.#kind = kind;
    this.#state = state;
    const restored = [...kept.keys()].filter((key) => key.startsWith(subjectKey(""))).map((key) => this.#restore(key.slice(subjectKey("").length)));
    this.#held = new Map(restored.sort((a, b) => a.touched - b.touched).map((held) => [held.name, held]));
    this.#touches = restored.at(-1)?.touched ?? 0;
    this.#openBytes = restored.reduce((sum, held) => sum + held.openBytes, 0);
  }

  take(event: UnitEvent): readonly Reduced[] {
    const outputs: Reduced[] = [];
    const name = event.subject ?? "";
    const held = this.#touch(name);
    this.#kind.take(event, held, emitFor(name, outputs));
    this.#weigh(held);
    while (this.#held.size > limits.reductionSubjectsMax || this.#openBytes > limits.reductionOpenBytesMax) this.#closeStillest(outputs);
    return outputs;
  }

  save(): void {
    for (const held of this.#held.values()) if (held.changed) this.#write(held);
  }

  #touch(name: string): Held<Head> {
    const held = this.#held.get(name) ?? { name, head: this.#kind.fresh(), rows: [], rowsBytes: 0, touched: 0, pieces: 0, written: 0, writtenOf: [], changed: true, openBytes: 0 };
    this.#held.delete(name);
    this.#held.set(name, held);
    held.touched = this.#touches += 1;
    held.changed = true;
    return held;
  }

  #weigh(held: Held<Head>): void {
    this.#openBytes -= held.openBytes;
    held.openBytes = this.#kind.size(held.head) + held.rowsBytes + held.name.length;
    this.#openBytes += held.openBytes;
  }

  #closeStillest(outputs: Reduced[]): void {
    const [held] = this.#held.values();
    if (held === undefined) return;
    this.#kind.close(held, emitFor(held.name, outputs));
    this.#openBytes -= held.openBytes;
    this.#held.delete(held.name);
    this.#state.delete(subjectKey(held.name));
    this.#forgetRows(held);
  }

  #write(held: Held<Head>): void {
    if (held.rows !== held.writtenOf) this.#forgetRows(held); // a block went out: what waits now is another list
    if (held.rows.length > held.written) {
      this.#state.set(rowsKey(held.name, held.pieces), held.rows.slice(held.written).map(({ timeMs, values }) => [timeMs, values]));
      held.pieces += 1;
      held.written = held.rows.length;
    }
    this.#state.set(subjectKey(held.name), { touched: held.touched, pieces: held.pieces, head: held.head });
    held.changed = false;
  }

  #forgetRows(held: Held<Head>): void {
    for (let piece = 0; piece < held.pieces; piece++) this.#state.delete(rowsKey(held.name, piece));
    held.pieces = 0;
    held.written = 0;
    held.writtenOf = held.rows;
  }

  /** Only this class writes the state, so what is there is of this shape. */
  #restore(name: string): Held<Head> {
    const { touched, pieces, head } = this.#state.get(subjectKey(name)) as KeptSubject;
    const kept = Array.from({ length: pieces }, (_, piece) => this.#state.get(rowsKey(name, piece)) as readonly (readonly [number, Row["values"]])[]).flat();
    const rows = kept.map(([timeMs, values]) => ({ timeMs, values }));
    const rowsBytes = rows.reduce((sum, row) => sum + rowBytes(row), 0);
    const open = this.#kind.restore(head);
    return { name, head: open, rows, rowsBytes, touched, pieces, written: rows.length, writtenOf: rows, changed: false, openBytes: this.#kind.size(open) + rowsBytes + name.length };
  }
}

const emitFor =
  (name: string, outputs: Reduced[]): Emit =>
  (timeMs, data) =>
    void outputs.push({ subject: name === "" ? undefined : name, timeMs, data });

const subjectKey = (name: string): string => `subject/${name}`;
const rowsKey = (name: string, piece: number): string => `rows/${name}/${piece}`;
