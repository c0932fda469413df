/** What a log has let go of: a cell per lane, and what each segment still holds. */
import type { HeldPart } from "@holon/core/log/retention.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { indexOf } from "./read-lane.ts";
import type { OpenSegment } from "./recover.ts";

export const expiredCell = (lane: string): string => `expired/${lane}`;
export const encodeNumber = (value: number): Uint8Array => new TextEncoder().encode(String(value));
export const decodeNumber = (bytes: Uint8Array): number => Number(new TextDecoder().decode(bytes));

export async function heldParts(segment: OpenSegment, integrity: Integrity): Promise<readonly HeldPart[]> {
  const index = await indexOf(segment, integrity);
  return index.parts().map((part) => ({ segment: segment.number, ...part }));
}
