/**
 * Invariant L: acknowledged = delivered + expiredByRule + damagedReported, as exact ranges; nothing lost without a report,
 * nothing doubled, nothing out of order. Pure: it compares what was promised with what is there.
 */
import { RangeSet, type Range } from "./ranges.ts";

/** Records of one epoch of a lane, both ends included. */
export interface EpochRange {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** A record as it is found in a log. */
export interface SeenRecord {
  readonly epoch: string;
  readonly sequence: number;
  /** Equal for equal content. */
  readonly digest: string;
}

/** One lane, from its origin to the cloud. */
export interface LaneAccount {
  /** `origin/stream`. */
  readonly lane: string;
  readonly acknowledged: readonly EpochRange[];
  /** What the origin's log was ever seen to hold, in the log's order. */
  readonly atOrigin: readonly SeenRecord[];
  /** In the order of the cloud's log. */
  readonly atCloud: readonly SeenRecord[];
  /**
   * What the cloud's log says is not there, and why. By sequence alone: what is missing cannot tell its epoch (the report carries that of the
   * record behind it), and a lane counts on over its epochs, so the sequence names the record. A lane with two histories would break that;
   * it is refused, never merged.
   */
  readonly expired: readonly Range[];
  readonly damaged: readonly Range[];
  /** What the nodes on the way say they lack: the cloud may report no more than this. Absent where nobody can say. */
  readonly lacked?: { readonly expired: readonly Range[]; readonly any: readonly Range[] };
  /** Records of this lane may be let go of only after they were delivered. */
  readonly neverUnsafe?: boolean;
}

/** One source, from the device to the log of the node it is connected to. Readings are numbered from 0 by the device. */
export interface SourceAccount {
  /** `node/source`. */
  readonly source: string;
  /** Readings whose acceptance the node confirmed. */
  readonly acknowledged: RangeSet;
  /** Numbers of the readings in the node's log, in the log's order. */
  readonly present: readonly number[];
  /** Whether each reading is to be there once only. A source that sends again what was not confirmed may double it. */
  readonly exactlyOnce: boolean;
  /** Readings whose records the node says it let go of, or says are damaged. */
  readonly reported?: RangeSet;
}

export interface AccountingResult {
  readonly acknowledged: number;
  readonly delivered: number;
  readonly expiredByRule: number;
  readonly damagedReported: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** One sentence for each breach, with exact ranges. */
  readonly violations: readonly string[];
}

/** Checks lanes and sources together. The counts of records are those of the lanes; losses, doubles and swaps are of both. */
export function checkAccounting(lanes: readonly LaneAccount[], sources: readonly SourceAccount[]): AccountingResult {
  const results = [...lanes.map(checkLane), ...sources.map(checkSource)];
  const sum = (count: (result: AccountingResult) => number): number => results.reduce((total, result) => total + count(result), 0);
  return {
    acknowledged: sum((result) => result.acknowledged),
    delivered: sum((result) => result.delivered),
    expiredByRule: sum((result) => result.expiredByRule),
    damagedReported: sum((result) => result.damagedReported),
    lost: sum((result) => result.lost),
    duplicated: sum((result) => result.duplicated),
    reordered: sum((result) => result.reordered),
    violations: results.flatMap((result) => result.violations),
  };
}

/** Checks one lane. */
export function checkLane(account: LaneAccount): AccountingResult {
  const { lane, atOrigin, atCloud } = account;
  const acknowledged = toSets(account.acknowledged);
  const expired = toSet(account.expired);
  const damaged = toSet(account.damaged);
  const origin = new Map(atOrigin.map((record) => [nameOf(record.epoch, record.sequence), record.digest]));
  const arrivals = walkArrivals(atCloud);
  const counts = { acknowledged: 0, delivered: 0, expiredByRule: 0, damagedReported: 0 };
  const violations: string[] = [];
  const sacrificed = new RangeSet();
  let lostCount = 0;
  for (const [epoch, numbers] of acknowledged) {
    const lost = new RangeSet();
    for (const sequence of numbers) {
      counts.acknowledged += 1;
      if (arrivals.digests.has(nameOf(epoch, sequence))) counts.delivered += 1;
      else if (expired.has(sequence)) {
        counts.expiredByRule += 1;
        if (account.neverUnsafe === true) sacrificed.add(sequence);
      } else if (damaged.has(sequence)) counts.damagedReported += 1;
      else lost.add(sequence);
    }
    lostCount += lost.count;
    if (lost.count > 0) violations.push(`${lane}: lost ${lost.print()} of epoch ${epoch}`);
  }
  if (sacrificed.count > 0) violations.push(`${lane}: ${sacrificed.print()} were let go of before they were safe`);
  violations.push(...checkReports(account));
  if (arrivals.duplicated.length > 0) violations.push(`${lane}: doubled at the cloud: ${arrivals.duplicated.slice(0, 8).join(", ")}`);
  if (arrivals.reordered.length > 0) violations.push(`${lane}: out of order at the cloud: ${arrivals.reordered.slice(0, 8).join(", ")}`);
  for (const [name, digest] of arrivals.digests) {
    const original = origin.get(name);
    if (original !== undefined && original !== digest) violations.push(`${lane}: ${name} differs from what its origin holds`);
    if (original === undefined && !isNamed(acknowledged, name)) violations.push(`${lane}: ${name} is at the cloud and its origin never had it`);
  }
  return { ...counts, lost: lostCount, duplicated: arrivals.duplicated.length, reordered: arrivals.reordered.length, violations };
}

/** What is reported must be true: nobody says missing of what every node on the way still has. */
function checkReports({ lane, expired, damaged, lacked, atCloud }: LaneAccount): readonly string[] {
  const present = toSet(atCloud.map(({ sequence }) => ({ first: sequence, last: sequence })));
  const violations: string[] = [];
  const name = (numbers: RangeSet, what: string): void => {
    if (numbers.count > 0) violations.push(`${lane}: ${numbers.print()} ${what}`);
  };
  const excess = (reported: readonly Range[], known: RangeSet): RangeSet => {
    const result = new RangeSet();
    for (const sequence of toSet(reported)) if (!known.has(sequence)) result.add(sequence);
    return result;
  };
  if (lacked !== undefined) {
    name(excess(expired, toSet(lacked.expired)), "were reported as expired and no node on the way let go of them");
    name(excess(damaged, toSet(lacked.any)), "were reported as damaged and every node on the way has them");
  }
  const both = new RangeSet();
  for (const sequence of toSet([...expired, ...damaged])) if (present.has(sequence)) both.add(sequence);
  name(both, "were reported as missing and are there");
  return violations;
}

/** Checks one source. Its readings are no records of a lane, so they enter none of the counts of the identity. */
export function checkSource({ source, acknowledged, present, exactlyOnce, reported }: SourceAccount): AccountingResult {
  const found = new RangeSet();
  const doubled = new RangeSet();
  const swapped = new RangeSet();
  let duplicated = 0;
  let highest = -1;
  for (const number of present) {
    if (found.has(number)) {
      if (!exactlyOnce) continue;
      duplicated += 1;
      doubled.add(number);
      continue;
    }
    if (number < highest) swapped.add(number);
    highest = Math.max(highest, number);
    found.add(number);
  }
  const lost = new RangeSet();
  for (const number of acknowledged) if (!found.has(number) && reported?.has(number) !== true) lost.add(number);
  const violations: string[] = [];
  if (lost.count > 0) violations.push(`${source}: readings ${lost.print()} were confirmed and are not in the log`);
  if (duplicated > 0) violations.push(`${source}: readings ${doubled.print()} are doubled in the log`);
  if (swapped.count > 0) violations.push(`${source}: readings ${swapped.print()} are out of order in the log`);
  return { acknowledged: 0, delivered: 0, expiredByRule: 0, damagedReported: 0, lost: lost.count, duplicated, reordered: swapped.count, violations };
}

interface Arrivals {
  /** By name, of the first arrival. */
  readonly digests: ReadonlyMap<string, string>;
  readonly duplicated: readonly string[];
  readonly reordered: readonly string[];
}

/** A lane is dense over its epochs, so its order is that of the sequence. */
function walkArrivals(records: readonly SeenRecord[]): Arrivals {
  const digests = new Map<string, string>();
  const duplicated: string[] = [];
  const reordered: string[] = [];
  let highest = 0;
  for (const { epoch, sequence, digest } of records) {
    const name = nameOf(epoch, sequence);
    if (digests.has(name)) {
      duplicated.push(name);
      continue;
    }
    digests.set(name, digest);
    if (sequence <= highest) reordered.push(name);
    highest = Math.max(highest, sequence);
  }
  return { digests, duplicated, reordered };
}

const nameOf = (epoch: string, sequence: number): string => `${epoch}/${sequence}`;

function toSet(ranges: readonly Range[]): RangeSet {
  const set = new RangeSet();
  for (const { first, last } of ranges) set.add(first, last);
  return set;
}

function toSets(ranges: readonly EpochRange[]): Map<string, RangeSet> {
  const sets = new Map<string, RangeSet>();
  for (const { epoch, first, last } of ranges) {
    const set = sets.get(epoch) ?? new RangeSet();
    set.add(first, last);
    sets.set(epoch, set);
  }
  return sets;
}

function isNamed(sets: ReadonlyMap<string, RangeSet>, name: string): boolean {
  const slash = name.lastIndexOf("/");
  return sets.get(name.slice(0, slash))?.has(Number(name.slice(slash + 1))) === true;
}
