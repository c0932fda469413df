/** Where a fleet is too large to read everything: the heads of its lanes, each with the hash of its chain over every byte before it. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import type { SimSubject } from "../subject.ts";

export interface HeadCounts {
  /** Of lanes whose heads are the same at both ends. */
  records: number;
  readonly violations: string[];
}

/** Equal hashes of the chain mean equal records in equal order. */
export function compareHeads(lane: Lane, subject: SimSubject, root: SimSubject, counts: HeadCounts): void {
  const here = subject.log.head(lane);
  const there = root.log.head(lane);
  if (here?.hash === there?.hash && here?.sequence === there?.sequence) counts.records += here?.sequence ?? 0;
  else counts.violations.push(`${laneName(lane)} ends at ${here?.sequence ?? 0} and at the root at ${there?.sequence ?? 0}, or differs below`);
}
