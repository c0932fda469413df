/** The rows of a recording as readings, read again from the file: what a run is compared with. */
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { readTable } from "@holon/platform/door/replay/table.ts";
import type { ReplayFile } from "./source-map.ts";

export interface SourceRow {
  /** Of the row in its file, from 0. */
  readonly index: number;
  /** Event time; empty where the file has none and the time was given at replay. */
  readonly time: string;
  readonly data: unknown;
}

/** Rows that do not parse are left out: they were rejected, and counted, when they were played. */
export async function* sourceRows(file: ReplayFile, spec: ReplaySourceSpec): AsyncGenerator<SourceRow> {
  let index = -1;
  for await (const { table, records } of readTable(file.path, spec)) {
    for (const record of records) {
      index += 1;
      const row = table.read(record);
      if (row instanceof HolonError) continue;
      yield { index, time: row.timeMs === undefined ? "" : isoTime(row.timeMs), data: row.data };
    }
  }
}
