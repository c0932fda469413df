/** Events that this node's functions could not handle, oldest first. */
import { parseJson } from "@holon/core/link/frame.ts";
import { failedEventSchema, parseFailedCell, type FailedEvent } from "@holon/core/run/failed.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface FailedRow extends FailedEvent {
  readonly app: string;
  readonly function: string;
}

export function failedEventsOf(log: SegmentLog): readonly FailedRow[] {
  const rows: FailedRow[] = [];
  for (const [key, value] of log.cells("failed/")) {
    const named = parseFailedCell(key);
    if (named !== undefined) rows.push({ app: named.app, function: named.fn, ...failedEventSchema.parse(parseJson(value)) });
  }
  return rows.sort((one, other) => one.atMs - other.atMs);
}
