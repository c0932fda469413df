/** What a recording holds, before anyone has written a column map for it. */
import { HolonError } from "@holon/core/errors.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { isGzipName } from "./bytes.ts";
import { allCells, cellToNumber, readCells } from "./csv.ts";
import type { RawRecord } from "./records.ts";
import { headerNames, jsonTime, parseObject, readRecords, readTable } from "./table.ts";
import { parseTime } from "./time.ts";

export interface ReplayFileShape {
  readonly format: ReplaySourceSpec["format"];
  readonly delimiter: string;
  /** All column names in the order of the file. */
  readonly header: readonly string[];
  readonly timeColumn: string | undefined;
  /** Numeric columns, each mapped to a field of its own name: a column map for a replay source. */
  readonly columns: Readonly<Record<string, string>>;
  /** Labels that the file has (`anomaly`, `changepoint`), in lower case, however the header writes them: for scoring only, never part of `columns`. */
  readonly labelColumns: readonly string[];
  /** Columns of numbers whose names say that they are labels too (`label`, `outlier` …): no part of `columns`, unless somebody names them. */
  readonly likelyLabels: readonly string[];
}

const delimiters = [";", ",", "\t"] as const;
const timeNames = ["datetime", "timestamp", "time", "date"] as const;
const labelNames: readonly string[] = ["anomaly", "changepoint"];
const likelyLabelNames: readonly string[] = ["label", "labels", "class", "target", "is_anomaly", "outlier"];
const sampleRows = 32;

/**
 * Reads the header and the first 32 rows. A column is numeric if most of its cells that are not empty are finite numbers.
 * `HOLON_SOURCE_COLUMN_MISSING` for a file without a header or without a numeric column; the errors of opening a source.
 */
export async function inspectReplayFile(path: string): Promise<ReplayFileShape> {
  const records = await firstRecords(path, sampleRows + 1);
  const [first] = records;
  if (first === undefined) throw new HolonError("HOLON_SOURCE_EMPTY", `${path} holds no rows`);
  const shape = isJsonLines(path, first) ? jsonShape(records) : csvShape(path, records);
  if (Object.keys(shape.columns).length === 0) {
    const { likelyLabels } = shape;
    throw new HolonError("HOLON_SOURCE_COLUMN_MISSING", `${path} has no column of numbers${likelyLabels.length === 0 ? "" : ` but ${likelyLabels.join(", ")}, by the name a label`}`);
  }
  return shape;
}

/** Whether it is a label that the model must not see, however it is written and in whatever it is nested (`truth.anomaly`). */
export const isLabel = (name: string): boolean => name.toLowerCase().split(".").some((part) => labelNames.includes(part));

/** The label column, in whatever case the header writes it, one per row in the order of the file; undefined where it is no number. `HOLON_SOURCE_COLUMN_MISSING`. */
export async function* readReplayLabels(path: string, column: string): AsyncGenerator<number | undefined> {
  const { format, delimiter, header } = await inspectReplayFile(path);
  const name = header.find((candidate) => candidate.toLowerCase() === column.toLowerCase()) ?? column;
  for await (const { table, records } of readTable(path, { format, delimiter, columns: { [name]: "label" }, timeColumn: undefined })) {
    for (const record of records) {
      const row = table.read(record);
      yield row instanceof HolonError ? undefined : Number(row.data["label"] ?? 0);
    }
  }
}

/** Rows (header and blank lines not counted) and decompressed bytes of a recording. */
export async function replaySize(path: string): Promise<{ readonly rows: number; readonly decompressedBytes: number }> {
  const { format, delimiter } = await inspectReplayFile(path);
  const count = { bytes: 0 };
  let records = 0;
  for await (const piece of readRecords(path, format === "csv" ? delimiter : undefined, count)) records += piece.length;
  return { rows: format === "csv" ? records - 1 : records, decompressedBytes: count.bytes };
}

/** Cut at line breaks: which quotes matter is known only once the delimiter is. */
async function firstRecords(path: string, count: number): Promise<readonly RawRecord[]> {
  const records: RawRecord[] = [];
  for await (const piece of readRecords(path, undefined)) {
    records.push(...piece.slice(0, count - records.length));
    if (records.length === count) break;
  }
  return records;
}

function isJsonLines(path: string, first: RawRecord): boolean {
  const name = isGzipName(path) ? path.slice(0, -3) : path;
  return /\.(?:jsonl|ndjson)$/i.test(name) || parseObject(first.text) !== undefined;
}

function csvShape(path: string, records: readonly RawRecord[]): ReplayFileShape {
  const [first, ...rows] = records;
  const delimiter = mostLikelyDelimiter(first?.text ?? "");
  const header = (first === undefined ? undefined : headerNames(first, delimiter)) ?? [];
  if (header.some((name) => cellToNumber(name) !== undefined)) {
    throw new HolonError("HOLON_SOURCE_COLUMN_MISSING", `${path} has no header: its first line holds numbers`, {
      next: "Add a first line with the names of the columns.",
    });
  }
  if (rows.length === 0) throw new HolonError("HOLON_SOURCE_EMPTY", `${path} holds no rows, only a header`);
  const samples = rows.flatMap((row) => {
    const cells = allCells(row.text, delimiter);
    return cells?.length === header.length ? [cells] : [];
  });
  const column = (name: string): string[] => samples.map((cells) => cells[header.indexOf(name)] ?? "");
  return shapeOf("csv", delimiter, header, {
    isNumeric: (name) => {
      const filled = column(name).filter((cell) => cell.trim() !== "");
      return mostly(filled, (cell) => cellToNumber(cell) !== undefined);
    },
    isTime: (name) => mostly(column(name), (cell) => parseTime(cell) !== undefined),
  });
}

function jsonShape(records: readonly RawRecord[]): ReplayFileShape {
  const samples = records.flatMap((record) => parseObject(record.text) ?? []);
  const column = (name: string): unknown[] => samples.map((object) => object.get(name));
  return shapeOf("jsonl", ",", samples[0]?.names() ?? [], {
    isNumeric: (name) => mostly(column(name), (value) => typeof value === "number"),
    isTime: (name) => mostly(column(name), (value) => jsonTime(value) !== undefined),
  });
}

/** More than half: a bad cell among good ones is a bad row when it is played, not a column that quietly goes away. */
const mostly = <T>(values: readonly T[], fits: (value: T) => boolean): boolean => 2 * values.filter(fits).length > values.length;

function shapeOf(
  format: ReplayFileShape["format"],
  delimiter: string,
  header: readonly string[],
  is: { isNumeric(name: string): boolean; isTime(name: string): boolean },
): ReplayFileShape {
  const named = (wanted: string): string | undefined => header.find((name) => name.toLowerCase() === wanted);
  const timeColumn = timeNames.map(named).find((name) => name !== undefined && is.isTime(name));
  const numeric = header.filter((name) => name !== "" && name !== "__proto__" && name !== timeColumn && !isLabel(name) && is.isNumeric(name));
  const isLikely = (name: string): boolean => likelyLabelNames.includes(name.toLowerCase());
  const columns = Object.fromEntries(numeric.filter((name) => !isLikely(name)).map((name) => [name, name]));
  return { format, delimiter, header, timeColumn, columns, labelColumns: header.filter(isLabel).map((name) => name.toLowerCase()), likelyLabels: numeric.filter(isLikely) };
}

/** The one that cuts the header into the most fields; a comma where none does. */
function mostLikelyDelimiter(header: string): string {
  let best = { delimiter: ",", fields: 1 };
  for (const delimiter of delimiters) {
    const fields = readCells(header, delimiter, [], []);
    if (fields > best.fields) best = { delimiter, fields };
  }
  return best.delimiter;
}
