/** Event time in recordings. */

/**
 * Milliseconds since 1970 of an ISO 8601 date and time (`T` or a blank between; without a zone it is UTC), or of epoch seconds
 * or milliseconds; undefined for anything else. A bare number from 1e11 on is milliseconds (from March 1973), below it is
 * seconds (to the year 5138). Fractions of a millisecond are cut off.
 */
export function parseTime(cell: string): number | undefined {
  const parts = isoPattern.exec(cell);
  if (parts === null) return epochPattern.test(cell) ? epochToMs(Number(cell)) : undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHour, zoneMinute] = parts;
  const dayMs = dateToMs(Number(year), Number(month), Number(day));
  const ofDay = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)] as const;
  if (dayMs === undefined || ofDay[0] > 23 || ofDay[1] > 59 || ofDay[2] > 59) return undefined;
  const zoneMs = (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0)) * 60_000;
  const timeMs = dayMs + ((ofDay[0] * 60 + ofDay[1]) * 60 + ofDay[2]) * 1000 + Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
  return sign === "-" ? timeMs + zoneMs : timeMs - zoneMs;
}

/** The same for a number, as JSON has them. */
export function epochToMs(value: number): number | undefined {
  const magnitude = Math.abs(value);
  if (!(magnitude < epochMsMax)) return undefined;
  const timeMs = Math.trunc(magnitude < epochSecondsMax ? value * 1000 : value);
  return timeMs < yearOneMs ? undefined : timeMs;
}

const isoPattern =
  /^\s*(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(?:Z|([+-])(\d\d):?(\d\d)?)?)?\s*$/;
const epochPattern = /^\s*-?\d+(?:\.\d+)?(?:[eE]\+?\d+)?\s*$/;
const epochSecondsMax = 1e11;
const epochMsMax = 1e14;
/** RFC 3339 has no years before it. */
const yearOneMs = -62_135_596_800_000;

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function dateToMs(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = (monthDays[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return year < 100 || day < 1 || day > days ? undefined : Date.UTC(year, month - 1, day);
}
