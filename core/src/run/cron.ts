/**
 * Cron expressions of five fields (POSIX crontab): minute hour day month weekday, in a time zone.
 *
 *     *   any      5   that one      1-5   from to      8-18/2, *\/15   every so many      1,15   each of these      mon, jan   names
 *
 * Where day and weekday are both restricted, either will do, as in every cron. When clocks are changed: an hour that is named (`30 2 * * *`) comes
 * once a day, the first time where there are two, and where there is none at the time at which it would have been had nothing changed. Where the
 * hour begins with `*` time just goes on: nothing is made up for, and a repeated hour is one more.
 */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Timetable } from "./timetable.ts";

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Words for its numbers, from `min` on. */
  readonly words: readonly string[];
}

const fields = [
  { name: "minute", min: 0, max: 59, words: [] },
  { name: "hour", min: 0, max: 23, words: [] },
  { name: "day", min: 1, max: 31, words: [] },
  { name: "month", min: 1, max: 12, words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  { name: "weekday", min: 0, max: 7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
] as const satisfies readonly Field[];

interface Expression {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly hourGoesOn: boolean;
  /** Whether the local day, counted from 1970-01-01, is one of it. */
  hasDay(day: number): boolean;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Clocks are changed at quarters of an hour. */
const quarterMs = 15 * minuteMs;
/** No zone is further from UTC. */
const farMs = 15 * 3_600_000;
/** From one 29 February to the next there are eight years at most. */
const daysMax = 8 * 366;

/** What is wrong with it, for people; undefined for a good one. */
export function cronProblem(text: string, zone: string): string | undefined {
  try {
    offsetsOf(zone);
  } catch {
    return `${zone} is no time zone that is known here`;
  }
  const parsed = parse(text);
  return typeof parsed === "string" ? parsed : undefined;
}

/** `HOLON_INTERNAL` for what `cronProblem` would have named. */
export function cronTimetable(text: string, zone: string): Timetable {
  const expression = parse(text);
  if (typeof expression === "string") throw new HolonError("HOLON_INTERNAL", `a schedule was not checked: ${expression}`);
  const offsetAt = offsetsOf(zone);
  const localDay = (ms: number): number => Math.floor((ms + offsetAt(ms)) / dayMs);
  const { hasDay, hours, hourGoesOn, minutes } = expression;
  let kept: { readonly day: number; readonly times: readonly number[] } | undefined;

  function timesOf(day: number): readonly number[] {
    if (!hasDay(day)) return [];
    if (kept?.day !== day) kept = { day, times: hourGoesOn ? going(day) : named(day) };
    return kept.times;
  }

  /** Every minute that the day really has, looked at. */
  function going(day: number): readonly number[] {
    const times: number[] = [];
    for (let ms = day * dayMs - farMs; ms < (day + 1) * dayMs + farMs; ms += quarterMs) {
      const localMs = ms + offsetAt(ms);
      if (Math.floor(localMs / dayMs) !== day || !hours.includes(Math.floor((localMs % dayMs) / 3_600_000))) continue;
      const first = Math.floor((localMs % 3_600_000) / minuteMs);
      for (const minute of minutes) if (minute >= first && minute < first + 15) times.push(ms + (minute - first) * minuteMs);
    }
    return times;
  }

  function named(day: number): readonly number[] {
    const times = hours.flatMap((hour) => minutes.map((minute) => instantOf(day * dayMs + (hour * 60 + minute) * minuteMs)));
    return [...new Set(times)].sort((a, b) => a - b);
  }

  function instantOf(localMs: number): number {
    const [before, after] = [offsetAt(localMs - farMs), offsetAt(localMs + farMs)];
    const found = [localMs - before, localMs - after].filter((ms) => ms + offsetAt(ms) === localMs);
    return found.length === 0 ? localMs - before : Math.min(...found);
  }

  /** The first time that fits, looking from the day of `ms` day by day. */
  function search(ms: number, step: 1 | -1, fits: (time: number) => boolean): number {
    const start = localDay(ms) - step; // what a change of clocks moves may be of the day beside
    for (let day = start; Math.abs(day - start) <= daysMax; day += step) {
      const found = step === 1 ? timesOf(day).find(fits) : timesOf(day).findLast(fits);
      if (found !== undefined) return found;
    }
    throw new HolonError("HOLON_INTERNAL", `the schedule ${text} has no time`);
  }

  return {
    latest: (nowMs) => search(nowMs, -1, (time) => time <= nowMs),
    next: (afterMs) => search(afterMs, 1, (time) => time > afterMs),
    count(fromMs, toMs) {
      const last = Math.min(localDay(toMs) + 1, localDay(fromMs) + limits.scheduleMissedDaysMax);
      let count = 0;
      let before: readonly number[] = []; // a change of clocks may put a time of one day where one of the next is
      for (let day = localDay(fromMs) - 1; day <= last; day++) {
        const times = timesOf(day);
        for (const time of times) if (time > fromMs && time <= toMs && !before.includes(time)) count += 1;
        before = times;
      }
      return count;
    },
  };
}

function parse(text: string): Expression | string {
  const parts = text.trim().toLowerCase().split(/\s+/);
  if (parts.length !== fields.length) return `a cron expression has 5 fields (minute hour day month weekday), not ${parts.length}`;
  const sets: (readonly number[])[] = [];
  for (const [index, field] of fields.entries()) {
    const set = parseField(parts[index] ?? "", field);
    if (typeof set === "string") return set;
    sets.push(set);
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = sets;
  const [anyDay, anyWeekday] = [parts[2]?.startsWith("*") === true, parts[4]?.startsWith("*") === true];
  if (anyWeekday && !months.some((month) => days.some((day) => day <= (longest[month - 1] ?? 0)))) return "no month of it has such a day";
  const onWeekday = new Set(weekdays.map((weekday) => weekday % 7));
  return {
    minutes,
    hours,
    hourGoesOn: parts[1]?.startsWith("*") === true,
    hasDay(day) {
      const date = new Date(day * dayMs);
      if (!months.includes(date.getUTCMonth() + 1)) return false;
      const [isDay, isWeekday] = [days.includes(date.getUTCDate()), onWeekday.has(date.getUTCDay())];
      return anyDay || anyWeekday ? isDay && isWeekday : isDay || isWeekday;
    },
  };
}

const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Its numbers, ascending; or what is wrong. */
function parseField(text: string, field: Field): readonly number[] | string {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, all, from, to, step] = /^(?:(\*)|([a-z]+|\d{1,2})(?:-([a-z]+|\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const first = all === undefined ? numberOf(from, field) : field.min;
    const last = all !== undefined || (to === undefined && step !== undefined) ? field.max : to === undefined ? first : numberOf(to, field);
    const every = Number(step ?? 1);
    if (first === undefined || last === undefined || first > last || every === 0) return `its ${field.name} ${part.slice(0, 20)} is none: ${field.min} to ${field.max}, *, a-b, */n and lists of these`;
    for (let value = first; value <= last; value += every) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

function numberOf(text: string | undefined, { min, max, words }: Field): number | undefined {
  if (text === undefined) return undefined;
  const word = words.indexOf(text);
  const value = word >= 0 ? word + min : Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

/** How far a zone is from UTC at a time, milliseconds, east positive. A RangeError for a zone that is not known. */
function offsetsOf(zone: string): (ms: number) => number {
  if (zone === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  const known = new Map<number, number>();
  return (ms) => {
    const quarter = Math.floor(ms / quarterMs);
    const offset = known.get(quarter) ?? offsetOf(format, quarter * quarterMs);
    if (known.size > quartersKept) known.clear();
    known.set(quarter, offset);
    return offset;
  };
}

const quartersKept = 1_024;

function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second) - ms;
}
