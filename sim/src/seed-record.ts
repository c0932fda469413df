/** A file with a line for each seed that was lived through, so that a run of a thousand may be broken off at any moment and go on; and what they sum up to. */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import type { DoneSeed } from "./run-all.ts";

const count = z.int().min(0);
const doneSchema = z.strictObject({
  scenario: z.string(),
  seed: z.int(),
  nodes: count.optional(),
  hours: count.optional(),
  exhaustive: z.literal(true).optional(),
  safetyMsMax: count.optional(),
  worlds: count,
  acknowledged: count,
  delivered: count,
  expiredByRule: count,
  damagedReported: count,
  lost: count,
  duplicated: count,
  reordered: count,
  convergedMs: z.number().nullable(),
  traceHash: z.string(),
  again: z.enum(["same", "differs"]).optional(),
  violations: z.array(z.string()),
});

/** What stands in the text of such a file. A last line without an end was cut short with its run: that seed is lived through again. `whole`: what is before it. */
export function parseSeedRecord(text: string, path: string): { readonly done: readonly DoneSeed[]; readonly whole: string } {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const done = whole.split("\n").slice(0, -1).map((line, index) => {
    const parsed = doneSchema.safeParse(jsonOf(line));
    if (!parsed.success) throw new HolonError("HOLON_ARGUMENT_BAD", `line ${index + 1} of ${path} is no seed that was lived through`, { next: "Name a file that the simulator wrote, or one that is not there yet." });
    return parsed.data;
  });
  return { done, whole };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // told with its number by who asked
  }
}

/** Of one scenario. */
export interface SeedSums {
  readonly seeds: number;
  readonly worlds: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly expiredByRule: number;
  readonly damagedReported: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Null where a seed did not converge. */
  readonly convergedMsMax: number | null;
  /** Seeds that were lived through twice, and those of them whose traces were equal. */
  readonly seedsRunTwice: number;
  readonly tracesEqual: number;
  readonly violations: readonly string[];
}

export function seedSums(done: readonly DoneSeed[]): Readonly<Record<string, SeedSums>> {
  return Object.fromEntries([...new Set(done.map(({ scenario }) => scenario))].map((name) => [name, sumsOf(done.filter(({ scenario }) => scenario === name))]));
}

function sumsOf(done: readonly DoneSeed[]): SeedSums {
  const sum = (pick: (row: DoneSeed) => number): number => done.reduce((total, row) => total + pick(row), 0);
  return {
    seeds: done.length,
    worlds: sum((row) => row.worlds),
    acknowledged: sum((row) => row.acknowledged),
    delivered: sum((row) => row.delivered),
    expiredByRule: sum((row) => row.expiredByRule),
    damagedReported: sum((row) => row.damagedReported),
    lost: sum((row) => row.lost),
    duplicated: sum((row) => row.duplicated),
    reordered: sum((row) => row.reordered),
    convergedMsMax: done.some((row) => row.convergedMs === null) ? null : Math.max(...done.map((row) => row.convergedMs ?? 0)),
    seedsRunTwice: sum((row) => (row.again === undefined ? 0 : 1)),
    tracesEqual: sum((row) => (row.again === "same" ? 1 : 0)),
    violations: done.flatMap((row) => row.violations.map((violation) => `seed ${row.seed}: ${violation}`)),
  };
}
