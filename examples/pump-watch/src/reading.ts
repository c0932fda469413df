/** A reading as numbers in the order of a subject's sensors. */
import { rule } from "./rule.ts";

/** `null` where a sensor said nothing, or nothing finite. */
export type Row = readonly (number | null)[];

/** The sensors of a reading with a finite value. */
export function finiteValues(data: unknown): ReadonlyMap<string, number> {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return new Map();
  return new Map(Object.entries(data).filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
}

/** The known sensors, then those seen for the first time, by name. The same list if there are none. */
export function extendSensors(known: readonly string[], values: ReadonlyMap<string, number>): readonly string[] {
  const seen = new Set(known);
  const found = [...values.keys()].filter((sensor) => !seen.has(sensor)).sort();
  return found.length === 0 ? known : [...known, ...found].slice(0, Math.max(known.length, rule.sensorsMax));
}

export const toRow = (sensors: readonly string[], values: ReadonlyMap<string, number>): Row => sensors.map((sensor) => values.get(sensor) ?? null);
