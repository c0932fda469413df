/** A time as RFC 3339 says it, in UTC. Events of one batch share their times, so the last answer is kept; and so is the day, which most of them share. */
export function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastText = textOf(Math.trunc(ms));
    lastMs = ms;
  }
  return lastText;
}

/** Whether it can be told so: of the years that RFC 3339 can write. */
export const isTimeOfEvent = (ms: unknown): ms is number => typeof ms === "number" && ms >= firstMs && ms <= lastOfAllMs;

const firstMs = Date.parse("0000-01-01T00:00:00Z");
const lastOfAllMs = Date.parse("9999-12-31T23:59:59.999Z");

let lastMs = Number.NaN;
let lastText = "";

const dayMs = 86_400_000;
let day = Number.NaN;
let dayText = "";

function textOf(ms: number): string {
  const of = Math.floor(ms / dayMs);
  if (of !== day) {
    dayText = new Date(of * dayMs).toISOString().slice(0, -"00:00:00.000Z".length);
    day = of;
  }
  const left = ms - of * dayMs;
  return `${dayText}${two(Math.floor(left / 3_600_000))}:${two(Math.floor(left / 60_000) % 60)}:${two(Math.floor(left / 1_000) % 60)}.${three(left % 1_000)}Z`;
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
const three = (value: number): string => (value < 10 ? `00${value}` : value < 100 ? `0${value}` : `${value}`);
