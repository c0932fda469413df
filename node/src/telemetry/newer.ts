/** Which of two windows of one node tells how it is. */
import { limits } from "@holon/core/limits.ts";
import type { Window } from "@holon/core/telemetry/window.ts";

/** What was told by a clock that was ahead is not newer than what the right one tells. */
export const isNewer = (told: Pick<Window, "endMs">, before: Pick<Window, "endMs">, nowMs: number): boolean => before.endMs > nowMs + limits.telemetryAheadMs || told.endMs >= before.endMs;
