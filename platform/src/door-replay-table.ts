/** A recording as a table: which cells of a record are read, and what they become. Nothing but mapped columns leaves this file. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { type ByteCount, readText } from "./door-replay-bytes.ts";
import { allCells, cellToNumber, readCells } from "./door-replay-csv.ts";
import { createRecordCutter, type RawRecord } from "./door-replay-records.ts";
import { epochToMs, parseTime } from "./door-replay-time.ts";

/** What is read of each row: fields of the event's data, and its time where the file has one. */
export interface Row {
  readonly timeMs: number | undefined;
  readonly data: Readonly<Record<string, number>>;
}

/** How the rows of one file are read. */
export interface Table {
  /** The record's row, or what is wrong with it: file, line and column, never a value. */
  read(record: RawRecord): Row | HolonError;
}

export type TableSpec = Pick<ReplaySourceSpec, "format" | "delimiter" | "columns" | "timeColumn">;

/** Records of a file in the order of the file, in pieces. For CSV the first is the header. */
export async function* readRecords(path: string, delimiter: string | undefined, count?: ByteCount): AsyncGenerator<readonly RawRecord[]> {
  const cutter = createRecordCutter({ delimiter, charactersMax: limits.recordBytesMax });
  for await (const text of readText(path, count)) yield cutter.push(text);
  yield cutter.end();
}

/**
 * Reads rows of the file in pieces, each row or its problem, with `table` made from the header.
 * `HOLON_SOURCE_EMPTY`, `HOLON_SOURCE_COLUMN_MISSING`, and the errors of reading the file.
 */
export async function* readTable(path: string, spec: TableSpec): AsyncGenerator<{ readonly table: Table; readonly records: readonly RawRecord[] }> {
  let table: Table | undefined;
  let hasRows = false;
  for await (const piece of readRecords(path, spec.format === "csv" ? spec.delimiter : undefined)) {
    const [first] = piece;
    if (first === undefined) continue;
    let records = piece;
    if (table === undefined) {
      table = spec.format === "csv" ? csvTable(path, first, spec) : jsonTable(path, first, spec);
      if (spec.format === "csv") records = piece.slice(1);
    }
    hasRows ||= records.length > 0;
    if (records.length > 0) yield { table, records };
  }
  if (!hasRows) throw new HolonError("HOLON_SOURCE_EMPTY", `${path} holds no rows${table === undefined ? "" : ", only a header"}`);
}

/** Opens the file far enough to know that it has what the spec names and at least one row. Errors as `readTable`. */
export async function checkTable(path: string, spec: TableSpec): Promise<void> {
  for await (const _ of readTable(path, spec)) return;
}

function csvTable(path: string, header: RawRecord, spec: TableSpec): Table {
  const names = headerNames(header, spec.delimiter) ?? [];
  const twice = names.find((name, index) => names.indexOf(name) !== index && spec.columns[name] !== undefined);
  if (twice !== undefined) throw new HolonError("HOLON_SOURCE_COLUMN_MISSING", `${path} has two columns named ${JSON.stringify(twice)}`, { next: "Give each column of the header a name of its own." });
  const fields = Object.values(spec.columns);
  const wanted = [...Object.keys(spec.columns), ...(spec.timeColumn === undefined ? [] : [spec.timeColumn])];
  const slots: number[] = names.map(() => -1);
  const also: { readonly slot: number; readonly of: number }[] = [];
  wanted.forEach((name, slot) => {
    const column = names.indexOf(name.trim());
    if (column < 0) throw columnMissing(path, name, `among the ${names.length} of its header (delimiter ${JSON.stringify(spec.delimiter)})`);
    const taken = slots[column] ?? -1;
    if (taken < 0) slots[column] = slot;
    else also.push({ slot, of: taken });
  });
  const cells: string[] = wanted.map(() => "");
  return {
    read(record) {
      const bad = (what: string): HolonError => rowBad(path, record, what);
      if (record.isTooLong) return bad(`is longer than ${limits.recordBytesMax} characters`);
      const count = readCells(record.text, spec.delimiter, slots, cells);
      if (count < 0) return bad("has a quote that is not closed, or text after a closing quote");
      if (count !== names.length) return bad(`has ${count} fields where the header has ${names.length}`);
      for (const { slot, of } of also) cells[slot] = cells[of] ?? "";
      const data: Record<string, number> = {};
      for (let slot = 0; slot < fields.length; slot++) {
        const value = cellToNumber(cells[slot] ?? "");
        if (value === undefined) return bad(`, column ${JSON.stringify(wanted[slot])}: no finite number`);
        data[fields[slot] ?? ""] = value;
      }
      if (spec.timeColumn === undefined) return { timeMs: undefined, data };
      const timeMs = parseTime(cells[fields.length] ?? "");
      return timeMs === undefined ? bad(`, column ${JSON.stringify(spec.timeColumn)}: no time`) : { timeMs, data };
    },
  };
}

/** The names in a header, trimmed, or undefined where its quotes are not well formed. */
export function headerNames(header: RawRecord, delimiter: string): string[] | undefined {
  return allCells(header.text, delimiter)?.map((name) => name.trim());
}

function jsonTable(path: string, first: RawRecord, spec: TableSpec): Table {
  const fields = Object.entries(spec.columns);
  const object = parseObject(first.text);
  for (const name of [...Object.keys(spec.columns), ...(spec.timeColumn === undefined ? [] : [spec.timeColumn])]) {
    if (object !== undefined && !object.has(name)) throw columnMissing(path, name, "in its first line");
  }
  return {
    read(record) {
      const bad = (what: string): HolonError => rowBad(path, record, what);
      if (record.isTooLong) return bad(`is longer than ${limits.recordBytesMax} characters`);
      const values = parseObject(record.text);
      if (values === undefined) return bad("is no JSON object");
      const data: Record<string, number> = {};
      for (const [name, field] of fields) {
        const value = values.get(name);
        if (typeof value !== "number" || !Number.isFinite(value)) return bad(`, column ${JSON.stringify(name)}: no finite number`);
        data[field] = value;
      }
      if (spec.timeColumn === undefined) return { timeMs: undefined, data };
      const timeMs = jsonTime(values.get(spec.timeColumn));
      return timeMs === undefined ? bad(`, column ${JSON.stringify(spec.timeColumn)}: no time`) : { timeMs, data };
    },
  };
}

/** Own members of the JSON object that a line spells, else undefined. */
export function parseObject(line: string): { has(name: string): boolean; get(name: string): unknown; names(): string[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // a line that is no JSON is an expected outcome: the caller names it
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const object = value;
  return {
    has: (name) => Object.hasOwn(object, name),
    get: (name) => Object.getOwnPropertyDescriptor(object, name)?.value,
    names: () => Object.keys(object),
  };
}

/** Event time of a JSON member: text or epoch number. */
export function jsonTime(value: unknown): number | undefined {
  if (typeof value === "number") return epochToMs(value);
  return typeof value === "string" ? parseTime(value) : undefined;
}

const columnMissing = (path: string, name: string, where: string): HolonError =>
  new HolonError("HOLON_SOURCE_COLUMN_MISSING", `${path} has no column ${JSON.stringify(name)} ${where}`);

const rowBad = (path: string, record: RawRecord, what: string): HolonError =>
  new HolonError("HOLON_SOURCE_ROW_BAD", `${path} line ${record.line}${what.startsWith(",") ? "" : " "}${what}`);
