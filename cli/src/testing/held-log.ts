/** What an ended or killed run left on disk, read from a copy, so that the folder stays as it was found. */
import { cpSync, existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { tempFolder, openTempLog } from "@holon/node/testing/temp-log.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { Lane, LogRecord } from "@holon/core/log/log.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { scanLane } from "../once/scan-log.ts";

export interface HeldRecord {
  readonly lane: Lane;
  readonly record: LogRecord;
  readonly event: StoredEvent;
}

export const onceNodes = ["gateway-1", "edge-1", "cloud-1"] as const;

/** All records in the log of a node below `data`, lane by lane, each in order; none if the node never wrote. */
export async function heldRecords(context: TestContext, data: string, node: (typeof onceNodes)[number]): Promise<readonly HeldRecord[]> {
  const place = join(data, node, "log");
  if (!existsSync(place)) return [];
  const copy = mkdtempSync(join(tempFolder(context), "copy-"));
  cpSync(place, join(copy, "log"), { recursive: true });
  const log = await openTempLog(copy, { name: node });
  const records: HeldRecord[] = [];
  for (const { lane } of log.heads().values()) {
    for await (const record of scanLane(log, lane)) records.push({ lane, record, event: parseStoredEvent(record.bytes, printRecordName(record)) });
  }
  await log.close();
  return records;
}
