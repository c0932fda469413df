/** For what a node has to say whether there is room or not. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Append } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { SegmentLog } from "./segment-log.ts";

/** A node starts with a full disk too: what it has to say waits until there is room. */
export async function appendSoon(log: SegmentLog, clock: Clock, entry: Append): Promise<void> {
  try {
    await log.append(entry);
  } catch (error) {
    if (!(error instanceof HolonError) || error.code === "HOLON_LOG_CLOSED") return;
    if (error.code !== "HOLON_DISK_FULL") throw error;
    clock.after(limits.diskFullRetryMs, () => void appendSoon(log, clock, entry).catch(() => undefined)); // a disk that failed is told by the log's state
  }
}
