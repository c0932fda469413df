/** Makes the replay source for the files a person names: subjects from their paths, a column map from their headers. */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { inspectReplayFile, isLabel, type ReplayFileShape } from "@holon/platform/door/replay/inspect.ts";

export interface ReplayChoice {
  readonly files: readonly string[];
  readonly speed: ReplaySourceSpec["speed"];
  readonly badRows: ReplaySourceSpec["badRows"];
  /** Columns to read; without them all numeric columns that are no labels. */
  readonly columns?: readonly string[] | undefined;
  readonly timeColumn?: string | undefined;
}

export interface ReplayFile {
  readonly path: string;
  readonly subject: string;
  readonly shape: ReplayFileShape;
  /** Tells whether it is still the same file, unchanged. */
  readonly stamp: string;
}

export async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  return [dev, ino, size, mtimeMs].join(" ");
}

export async function inspectFiles(paths: readonly string[]): Promise<readonly ReplayFile[]> {
  if (paths.length === 0) throw new HolonError("HOLON_ARGUMENT_BAD", "--replay names no file");
  const files: ReplayFile[] = [];
  for (const path of paths) files.push({ path: resolve(path), subject: subjectOf(path), shape: await inspectReplayFile(resolve(path)), stamp: await stampOf(resolve(path)) });
  const subjects = new Set(files.map((file) => file.subject));
  if (subjects.size === files.length) return files;
  return files.map((file, index) => ({ ...file, subject: `${file.subject}#${index + 1}` }));
}

export function replaySource(files: readonly ReplayFile[], choice: ReplayChoice, type: string): ReplaySourceSpec {
  const first = files[0]?.shape;
  if (first === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--replay names no file");
  const other = files.find(({ shape }) => shape.format !== first.format || shape.delimiter !== first.delimiter);
  if (other !== undefined) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${files[0]?.path} and ${other.path} differ in shape: ${shapeText(first)}, ${shapeText(other.shape)}`, { next: "Replay files of one shape together, others in a run of their own." });
  }
  for (const [flag, names] of [["--columns", choice.columns ?? []], ["--time-column", [choice.timeColumn ?? ""]]] as const) {
    const label = names.find(isLabel);
    if (label !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} names ${label}, a label: the model must not see what it is scored by`, { next: "Name the sensors, or the time of the reading, only." });
  }
  const columns = choice.columns === undefined ? first.columns : Object.fromEntries(choice.columns.map((name) => [name, name]));
  const timeColumn = choice.timeColumn ?? first.timeColumn;
  return {
    kind: "replay",
    name: "replay",
    type,
    class: "raw",
    files: files.map(({ path, subject }) => ({ path, subject })),
    format: first.format,
    delimiter: first.delimiter,
    columns: { ...columns },
    intervalMs: 1000,
    speed: choice.speed,
    badRows: choice.badRows,
    ...(timeColumn === undefined ? {} : { timeColumn }),
  };
}

/** Tells which columns are left out without being asked for. */
export function sayLeftOut(files: readonly ReplayFile[], { columns }: ReplayChoice): void {
  const names = [...new Set(columns === undefined ? files.flatMap(({ shape }) => shape.likelyLabels) : [])];
  if (names.length > 0) process.stderr.write(`note: not read: ${names.map((name) => JSON.stringify(name)).join(", ")}: a label by its name, not a sensor; --columns may name it\n`);
}

const shapeText = ({ format, delimiter, header }: ReplayFileShape): string => (format === "csv" ? `CSV of ${header.length} columns cut by ${JSON.stringify(delimiter)}` : "JSON lines");

/** `…/valve1/0.csv.gz` becomes `valve1/0`. */
function subjectOf(path: string): string {
  const full = resolve(path);
  const name = basename(full).replace(/\.gz$/i, "").replace(/\.(csv|tsv|txt|jsonl|ndjson|json)$/i, "");
  return `${basename(dirname(full))}/${name}`;
}
