/**
 * Branches: where one origin has two histories of a stream, the parent keeps the second beside the first. A branch is named by the hash of its
 * first run of its own, so that the same history has the same name wherever it comes by. On disk and on the way a branch is
 *
 *     gap, reason `branched`: as far as it is what another lane holds      then its own runs, stamped with the branch in bytes 85 to 87
 *
 * The stamp stands under the header's CRC and counts as zeros for the hash, so a stamped run has its place in its origin's chain.
 */
import type { Lane, Mark } from "./log.ts";
import { fromHex } from "./hex.ts";
import { gapRun, sealRunHeader, type Integrity, type RunHeader } from "./run.ts";

const digits = 6;

export const isBranch = (text: string): boolean => /^[0-9a-f]{6}$/.test(text) && text !== "000000";

/** The branch whose first own run has this hash. */
export function branchOf(hash: string): string {
  const branch = hash.slice(0, digits);
  return branch === "000000" ? "000001" : branch; // zeros stand for no branch
}

/** The run as it stands in the lane, which may be a branch, its origin's own, or another branch than the one it came with. */
export function stampRun(run: { readonly header: RunHeader; readonly bytes: Uint8Array }, lane: Lane, integrity: Integrity): { readonly header: RunHeader; readonly bytes: Uint8Array } {
  if (run.header.branch === lane.branch) return run;
  const bytes = run.bytes.slice();
  bytes.set(lane.branch === undefined ? new Uint8Array(digits / 2) : fromHex(lane.branch), 85);
  sealRunHeader(bytes, run.header.headerBytes, integrity);
  const { branch: _, ...header } = run.header;
  return { header: lane.branch === undefined ? header : { ...header, branch: lane.branch }, bytes };
}

/** What a branch begins with: up to this mark it is what another lane holds. */
export const branchStart = (lane: Lane, mark: Mark, integrity: Integrity): Uint8Array =>
  gapRun({ ...lane, epoch: mark.epoch, firstSequence: 1, count: mark.sequence, reason: "branched", previousHash: "0".repeat(2 * 32), hash: mark.hash, recordedMs: 0 }, integrity);
