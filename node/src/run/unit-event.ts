/** A record as a function sees it. */
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { LogRecord } from "@holon/core/log/log.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";

export const toUnitEvent = (record: LogRecord, event: StoredEvent = decodeStoredEvent(record.bytes)): UnitEvent => ({
  id: printRecordName(record),
  type: event.type,
  source: event.source,
  subject: event.subject,
  timeMs: Date.parse(event.time),
  arrivedMs: Date.parse(event.recordedtime),
  data: event.data,
  ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
});
