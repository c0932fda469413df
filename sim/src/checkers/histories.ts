/**
 * Invariant L where a node has lived more than once: its disk was copied, or put back from a backup. Every record that any of its lives
 * acknowledged is at the cloud once, in the lane or in one of its branches, or in a range that is reported as missing. What stood on a disk that
 * is gone and was nowhere else is nobody's to deliver. Pure.
 */
import type { AccountingResult, EpochRange, SeenRecord } from "./accounting.ts";
import { RangeSet, type Range } from "./ranges.ts";

/** One stretch of a node's existence on one disk. */
export interface Life {
  readonly name: string;
  readonly acknowledged: readonly EpochRange[];
  /** What its log was ever seen to hold. */
  readonly held: readonly SeenRecord[];
  /** Its disk is gone, and of this lane what stands behind that sequence had reached nobody. Absent: the disk is there. */
  readonly reached?: number;
}

/** A lane of that origin and stream at the cloud: the first history to arrive, or a branch. */
export interface CloudLane {
  readonly lane: string;
  readonly isBranch: boolean;
  /** In the order of the log. */
  readonly records: readonly SeenRecord[];
  readonly missing: readonly (Range & { readonly reason: "expired" | "damaged" })[];
}

export interface HistoriesAccount {
  /** `origin/stream`. */
  readonly lane: string;
  readonly lives: readonly Life[];
  readonly atCloud: readonly CloudLane[];
}

export function checkHistories(account: HistoriesAccount): AccountingResult {
  const violations: string[] = [];
  const arrivals = new Map<string, string[]>();
  let reordered = 0;
  for (const lane of account.atCloud) {
    reordered += checkOrder(lane, account.atCloud, violations);
    for (const record of lane.records) {
      const key = nameOf(record);
      const digests = arrivals.get(key);
      if (digests === undefined) arrivals.set(key, [record.digest]);
      else digests.push(record.digest);
    }
  }
  const doubled = [...arrivals].filter(([, digests]) => new Set(digests).size < digests.length).map(([key]) => key);
  if (doubled.length > 0) violations.push(`${account.lane}: doubled at the cloud: ${doubled.slice(0, 8).join(", ")}`);
  const known = new Set(account.lives.flatMap(({ held }) => held.map((record) => `${nameOf(record)} ${record.digest}`)));
  const named = new Set(account.lives.flatMap((life) => [...namesOf(life)]));
  for (const [key, digests] of arrivals) {
    const strange = digests.filter((digest) => !known.has(`${key} ${digest}`));
    // A life may have ended before what it acknowledged was looked at.
    if (strange.length > 0 && !named.has(key)) violations.push(`${account.lane}: ${key} is at the cloud and no life of its origin had it`);
  }
  const counts = countLives(account, arrivals, violations);
  return { ...counts, duplicated: doubled.length, reordered, violations };
}

function countLives(account: HistoriesAccount, arrivals: ReadonlyMap<string, readonly string[]>, violations: string[]): Omit<AccountingResult, "duplicated" | "reordered" | "violations"> {
  const expired = missingFor("expired", account.atCloud);
  const damaged = missingFor("damaged", account.atCloud);
  const counts = { acknowledged: 0, delivered: 0, expiredByRule: 0, damagedReported: 0, lost: 0 };
  const counted = new Set<string>();
  for (const life of account.lives) {
    const digests = new Map(life.held.map((record) => [nameOf(record), record.digest]));
    const lost = new RangeSet();
    for (const key of namesOf(life)) {
      const digest = digests.get(key);
      const identity = `${key} ${digest ?? ""}`;
      if (counted.has(identity)) continue;
      const sequence = Number(key.slice(key.lastIndexOf("/") + 1));
      const there = arrivals.get(key);
      const isThere = there !== undefined && (digest === undefined || there.includes(digest));
      if (!isThere && life.reached !== undefined && sequence > life.reached) continue; // went with its disk
      counted.add(identity);
      counts.acknowledged += 1;
      if (isThere) counts.delivered += 1;
      else if (expired.has(sequence)) counts.expiredByRule += 1;
      else if (damaged.has(sequence)) counts.damagedReported += 1;
      else lost.add(sequence);
    }
    counts.lost += lost.count;
    if (lost.count > 0) violations.push(`${account.lane}: lost ${lost.print()} of ${life.name}`);
  }
  return counts;
}

function missingFor(reason: "expired" | "damaged", lanes: readonly CloudLane[]): RangeSet {
  const set = new RangeSet();
  for (const lane of lanes) for (const range of lane.missing) if (range.reason === reason) set.add(range.first, range.last);
  return set;
}

/** In order and without a hole; a branch begins behind a record of another lane. Returns how many are out of order. */
function checkOrder({ lane, isBranch, records, missing }: CloudLane, all: readonly CloudLane[], violations: string[]): number {
  const present = new RangeSet();
  for (const { first, last } of missing) present.add(first, last);
  const swapped: string[] = [];
  let highest = 0;
  for (const record of records) {
    if (record.sequence <= highest) swapped.push(nameOf(record));
    highest = Math.max(highest, record.sequence);
    present.add(record.sequence);
  }
  if (swapped.length > 0) violations.push(`${lane}: out of order at the cloud: ${swapped.slice(0, 8).join(", ")}`);
  if (present.ranges.length > 1) violations.push(`${lane}: has holes at the cloud: only ${present.print()} are there`);
  const first = present.ranges[0]?.first ?? 1;
  const isKnown = (sequence: number): boolean => all.some((other) => other.lane !== lane && (other.records.some((record) => record.sequence === sequence) || other.missing.some((range) => range.first <= sequence && sequence <= range.last)));
  if (first > 1 && (!isBranch || !isKnown(first - 1))) violations.push(`${lane}: begins at ${first}, and nothing at the cloud stands before it`);
  return swapped.length;
}

const nameOf = ({ epoch, sequence }: Pick<SeenRecord, "epoch" | "sequence">): string => `${epoch}/${sequence}`;

function* namesOf(life: Life): Generator<string> {
  for (const { epoch, first, last } of life.acknowledged) for (let sequence = first; sequence <= last; sequence++) yield nameOf({ epoch, sequence });
}
