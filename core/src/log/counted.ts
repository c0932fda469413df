/**
 * As of when a record counts. It says itself when it was recorded, by the clock of who wrote it; but nothing is recorded after it came in: what claims that counts as of then, so that a clock that is
 * years ahead hides nothing that comes after it.
 */
import { isSet } from "../clock-set.ts";
import { limits } from "../limits.ts";

/** `arrivedMs`: by the clock here, when it was written; one that nobody had set says nothing, nor does what is not known of damaged batches. */
export const countedMs = (recordedMs: number, arrivedMs: number | undefined): number => (arrivedMs !== undefined && isSet(arrivedMs) && recordedMs > arrivedMs + limits.recordedAheadMs ? arrivedMs : recordedMs);
