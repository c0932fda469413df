/** A reading as a row of numbers. */
import { limits } from "../limits.ts";

export interface Row {
  readonly timeMs: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The fields that are numbers, of those that are taken; nothing nested. `undefined` if there are none. */
export function numbersOf(data: unknown, fields: readonly string[] | undefined): Readonly<Record<string, number>> | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const found = Object.entries(data).filter(([name, value]) => Number.isFinite(value) && (fields === undefined ? name.length <= limits.reductionFieldNameMax && name !== "" : fields.includes(name)));
  return found.length === 0 ? undefined : Object.fromEntries(found.slice(0, limits.reductionFieldsMax));
}

/** What a row takes as JSON in the state, about and rather more. */
export const rowBytes = ({ values }: Row): number => Object.keys(values).reduce((sum, name) => sum + name.length + 26, 26);
