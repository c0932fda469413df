/**
 * A block: rows of doubles by column, with their times.
 *
 *     version 1 · rows · columns · times · per column: name, values        counts are LEB128, times and values stand with their length
 *
 * A block says itself how many rows it has; a reader is ready for no more than the bounds of `limits.ts`.
 */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { ErrorBound } from "./bound.ts";
import { bad, ByteReader, ByteWriter } from "./bytes.ts";
import { decodeColumn, encodeColumn } from "./column.ts";

export interface Column {
  readonly name: string;
  /** NaN where a row has no such value. */
  readonly values: Float64Array;
}

export interface Series {
  /** Of each row, milliseconds since 1970. */
  readonly times: Float64Array;
  readonly columns: readonly Column[];
}

const version = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** `HOLON_SERIES_BAD` over the bounds. Columns without a bound, and times, come back bit for bit. */
export function encodeSeries({ times, columns }: Series, bounds: Readonly<Record<string, ErrorBound>> = {}): Uint8Array {
  const problem = sizeProblem(times.length, columns.length);
  if (problem !== undefined) throw new HolonError("HOLON_SERIES_BAD", `a block cannot be made: ${problem}`);
  const writer = new ByteWriter();
  writer.byte(version);
  writer.count(times.length);
  writer.count(columns.length);
  writer.piece(encodeColumn(times));
  for (const { name, values } of columns) {
    if (values.length !== times.length) throw new HolonError("HOLON_SERIES_BAD", `a block cannot be made: ${name} has ${values.length} values for ${times.length} rows`);
    const text = encoder.encode(name);
    if (text.length > limits.seriesNameBytesMax) throw new HolonError("HOLON_SERIES_BAD", `a block cannot be made: a column's name is over ${limits.seriesNameBytesMax} bytes`);
    writer.piece(text);
    writer.piece(encodeColumn(values, Object.hasOwn(bounds, name) ? bounds[name] : undefined));
  }
  return writer.finish();
}

/** `HOLON_SERIES_BAD` for anything that `encodeSeries` did not write, or nearly; time and memory are bounded either way. */
export function decodeSeries(bytes: Uint8Array): Series {
  const reader = new ByteReader(bytes);
  const found = reader.byte();
  if (found !== version) throw bad(`it has version ${found}, this program reads ${version}`);
  const rows = reader.count(limits.seriesRowsMax);
  const count = reader.count(limits.seriesColumnsMax);
  const problem = sizeProblem(rows, count);
  if (problem !== undefined) throw bad(problem);
  const times = decodeColumn(reader.piece(), rows);
  const columns: Column[] = [];
  for (let index = 0; index < count; index++) {
    const text = reader.piece();
    if (text.length > limits.seriesNameBytesMax) throw bad("a column's name is too long");
    columns.push({ name: parseName(text), values: decodeColumn(reader.piece(), rows) });
  }
  reader.end();
  return { times, columns };
}

function sizeProblem(rows: number, columns: number): string | undefined {
  if (rows > limits.seriesRowsMax) return `${rows} rows, the limit is ${limits.seriesRowsMax}`;
  if (columns > limits.seriesColumnsMax) return `${columns} columns, the limit is ${limits.seriesColumnsMax}`;
  return rows * columns > limits.seriesValuesMax ? `${rows * columns} values, the limit is ${limits.seriesValuesMax}` : undefined;
}

function parseName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new HolonError("HOLON_SERIES_BAD", "block of columns: a column's name is no UTF-8", { cause });
  }
}
