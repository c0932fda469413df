/** Single readings with less in them: only named fields, or names replaced by what only this node can make of them. */
import { toHex } from "../log/hex.ts";
import type { UnitEvent } from "../ports.ts";
import type { PseudonymiseReduction, RedactReduction } from "../schema/reduction.ts";
import type { Keyed } from "./keyed.ts";
import type { Reduced } from "./reducer.ts";

type Plain = string | number | boolean;
const isPlain = (value: unknown): value is Plain => typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** Of the named fields those that are plain values; what is nested may hold anything. */
export function plainFields(data: unknown, names: readonly string[]): Readonly<Record<string, Plain>> {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return {};
  return Object.fromEntries(Object.entries(data).filter((entry): entry is [string, Plain] => names.includes(entry[0]) && isPlain(entry[1])));
}

export const redacting =
  ({ fields, keepSubject }: RedactReduction) =>
  ({ subject, timeMs, data }: UnitEvent): readonly Reduced[] => {
    const left = plainFields(data, fields);
    return Object.keys(left).length === 0 ? [] : [{ subject: keepSubject ? subject : undefined, timeMs, data: left }];
  };

export const pseudonymising =
  ({ fields, replace }: PseudonymiseReduction, keyed: Keyed) =>
  ({ subject, timeMs, data }: UnitEvent): readonly Reduced[] => {
    const names = Object.fromEntries(Object.entries(plainFields(data, replace)).map(([name, value]) => [name, pseudonym(`${value}`, keyed)]));
    const left = { ...plainFields(data, fields.filter((name) => !replace.includes(name))), ...names };
    return Object.keys(left).length === 0 ? [] : [{ subject: subject === undefined ? undefined : pseudonym(subject, keyed), timeMs, data: left }];
  };

/** The same name has the same pseudonym, in the subject and in every field, so that it can still be counted. */
export const pseudonym = (name: string, keyed: Keyed): string => toHex(keyed(`pseudonym ${name}`).subarray(0, 16));
