/** Rows as the data of one event: a block of columns in base 64. */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { fromBase64, toBase64 } from "../series/base64.ts";
import type { ErrorBound } from "../series/bound.ts";
import { decodeSeries, encodeSeries, type Series } from "../series/series.ts";
import type { Row } from "./row.ts";

export type Bounds = Readonly<Record<string, ErrorBound>>;

const blockSchema = z.looseObject({ rows: z.int().min(0).max(limits.seriesRowsMax), block: z.string().max(limits.recordBytesMax) });
export interface BlockData {
  readonly rows: number;
  /** `core/src/series/series.ts` */
  readonly block: string;
}

/** `within` may name `*` for the fields that it does not name. */
export function toBlock(rows: readonly Row[], within: Bounds): BlockData {
  const names = columnNames(rows);
  const columns = names.map((name) => ({ name, values: Float64Array.from(rows, (row) => (Object.hasOwn(row.values, name) ? (row.values[name] ?? Number.NaN) : Number.NaN)) }));
  const every = Object.hasOwn(within, "*") ? within["*"] : undefined;
  const bounds = every === undefined ? within : { ...Object.fromEntries(names.map((name) => [name, every])), ...within };
  return { rows: rows.length, block: toBase64(encodeSeries({ times: Float64Array.from(rows, (row) => row.timeMs), columns }, bounds)) };
}

/** The rows in an event's data. `HOLON_SERIES_BAD` if there are none. */
export function parseBlock(data: unknown): Series {
  const parsed = blockSchema.safeParse(data);
  if (!parsed.success) throw new HolonError("HOLON_SERIES_BAD", "an event holds no block of columns", { cause: parsed.error });
  const series = decodeSeries(fromBase64(parsed.data.block));
  if (series.times.length !== parsed.data.rows) throw new HolonError("HOLON_SERIES_BAD", `a block has ${series.times.length} rows, its event says ${parsed.data.rows}`);
  return series;
}

/** In the order in which they first come. */
export const columnNames = (rows: readonly Row[]): readonly string[] => [...new Set(rows.flatMap((row) => Object.keys(row.values)))];

/** Rows in pieces, each of which fits into one record. */
export function inPieces(rows: readonly Row[]): readonly (readonly Row[])[] {
  const pieces: Row[][] = [];
  let piece: Row[] = [];
  let names = new Set<string>();
  for (const row of rows) {
    const own = Object.keys(row.values);
    const columns = names.size + own.filter((name) => !names.has(name)).length;
    if (piece.length > 0 && (columns > limits.reductionColumnsMax || piece.length >= limits.reductionRowsMax || (piece.length + 1) * columns > limits.reductionBlockValuesMax)) {
      pieces.push(piece);
      [piece, names] = [[], new Set()];
    }
    piece.push(row);
    for (const name of own) names.add(name);
  }
  return piece.length === 0 ? pieces : [...pieces, piece];
}
