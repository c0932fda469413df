/** Where a replay stands: the next row of which file. Kept as JSON in the source's offset. */
import { HolonError } from "@holon/core/errors.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { z } from "zod";

const positionSchema = z.strictObject({
  /** Subject of the file; paths may change between two starts. */
  file: z.string(),
  /** Which of the files with that subject, from 0. */
  nth: z.int().min(0).optional(),
  /** The next row to play, bad rows counted, from 0. */
  row: z.int().min(0),
  /** Event time of the file's row 0 where the file has no time column. */
  startMs: z.number().optional(),
});
type StoredPosition = z.infer<typeof positionSchema>;

export interface ReplayPosition {
  /** Index into the spec's files. */
  readonly index: number;
  readonly row: number;
  readonly startMs: number | undefined;
}

/**
 * The position that the offset names. A file that is no longer listed: from the beginning of the list; files before the named
 * one count as played, so new files belong at the end of the list. `HOLON_LOG_FORMAT` for an offset of another format.
 */
export function parsePosition(offset: string | undefined, files: ReplaySourceSpec["files"]): ReplayPosition {
  if (offset === undefined) return { index: 0, row: 0, startMs: undefined };
  const stored = parseStored(offset);
  let nth = stored.nth ?? 0;
  const index = files.findIndex((file) => file.subject === stored.file && nth-- === 0);
  return index < 0 ? { index: 0, row: 0, startMs: undefined } : { index, row: stored.row, startMs: stored.startMs };
}

export function printPosition(position: ReplayPosition, files: ReplaySourceSpec["files"]): string {
  const file = files[position.index]?.subject ?? "";
  const nth = files.slice(0, position.index).filter((other) => other.subject === file).length;
  const { row, startMs } = position;
  return JSON.stringify({ file, ...(nth > 0 && { nth }), row, ...(startMs !== undefined && { startMs }) } satisfies StoredPosition);
}

function parseStored(offset: string): StoredPosition {
  try {
    return positionSchema.parse(JSON.parse(offset));
  } catch (error) {
    throw new HolonError("HOLON_LOG_FORMAT", "the stored offset of a replay source is not one that this version writes", { cause: error });
  }
}
