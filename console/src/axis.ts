/** What stands beside a chart: figures with their unit, short enough for an axis, and times as ISO 8601 writes them. */
import { bytes } from "./format.ts";

const prefixes = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]] as const;
const short = (value: number): string => String(Number(value.toPrecision(3)));

function scaled(value: number): string {
  const [size, prefix] = prefixes.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  return prefix === "" ? short(value) : `${short(value / size)} ${prefix}`;
}

function seconds(value: number): string {
  const least = Math.abs(value);
  if (least === 0 || least >= 1) return `${scaled(value)} s`;
  return least >= 1e-3 ? `${short(value * 1e3)} ms` : `${short(value * 1e6)} µs`;
}

/** Of a unit of UCUM, as OpenTelemetry names them: bytes by 1,024, all others by 1,000. */
export function figure(value: number, unit: string): string {
  if (unit === "By") return value < 0 ? `-${bytes(-value)}` : bytes(value);
  if (unit === "s") return seconds(value);
  return scaled(value);
}

/** `{record}` in words; of a count of nothing in particular nothing. */
export const unitWord = (unit: string): string => ({ By: "bytes", s: "seconds", "1": "" })[unit] ?? unit.replace(/^\{(.+)\}$/, "$1s");

/** Steps between the lines of an axis that are round in this unit; undefined: as for any number. */
export const roundSteps = (unit: string): number[] | undefined => (unit === "By" ? Array.from({ length: 51 }, (_, power) => 2 ** power) : undefined);

const two = (value: number): string => String(value).padStart(2, "0");
const dayOf = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
const daySeconds = 86_400;

/** Of places in seconds since 1970: the time of day, and below the first of each day which one it is. */
export function timeTexts(places: readonly number[], stepSeconds: number): string[] {
  let before = "";
  return places.map((place) => {
    const at = new Date(1_000 * place);
    const day = dayOf(at);
    const time = `${two(at.getHours())}:${two(at.getMinutes())}${stepSeconds < 60 ? `:${two(at.getSeconds())}` : ""}`;
    const isNew = day !== before;
    before = day;
    return stepSeconds >= daySeconds ? day : isNew ? `${time}\n${day}` : time;
  });
}

/** Pixels that the longest of these needs, with a margin. */
export const axisPixels = (texts: readonly string[] | null): number => Math.max(32, 18 + 6.5 * Math.max(0, ...(texts ?? []).map((text) => text.length)));

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** What a line shows, for who does not see it: of a count all of it, of anything else the last value and between which it was. */
export function lineText({ label, values }: Line, kind: "sum" | "gauge" | "sketch", unit: string): string {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return `${label}: unknown`;
  const word = unitWord(unit);
  const named = (value: number): string => (unit === "By" || unit === "s" || word === "" ? figure(value, unit) : `${figure(value, unit)} ${word}`);
  if (kind === "sum") return `${label}: ${named(known.reduce((sum, value) => sum + value, 0))} in all`;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return `${label}: ${named(last)} last, between ${named(least)} and ${named(most)}`;
}
