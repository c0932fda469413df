/** What each segment still holds. */
import type { HeldPart } from "@holon/core/log/retention.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { indexOf } from "./read-lane.ts";
import type { OpenSegment } from "./recover.ts";

export async function heldParts(segment: OpenSegment, integrity: Integrity): Promise<readonly HeldPart[]> {
  const index = await indexOf(segment, integrity);
  return index.parts().map((part) => ({ segment: segment.number, ...part }));
}
