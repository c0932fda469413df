/** Figures as people read them. What is not known is a dash, never a nought. */

export const unknown = "–";

export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor(seconds / 3_600) % 24} h`;
}

/** For a narrow column: its largest unit alone. */
export const roughAge = (ms: number): string => age(ms).replace(/^(\d+ \S+) .*/, "$1");

const threeDigits = (value: number): string => (value >= 99.95 ? `${Math.round(value)}` : value.toPrecision(3));

export function bytes(count: number | undefined): string {
  if (count === undefined) return unknown;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  for (; value >= 1_024 && unit < units.length - 1; unit++) value /= 1_024;
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit] ?? ""}`;
}

export const rate = (bytesPerSecond: number | undefined): string => (bytesPerSecond === undefined ? unknown : `${bytes(bytesPerSecond)}/s`);
export const count = (value: number | undefined): string => (value === undefined ? unknown : value.toLocaleString("en-GB"));
export const milliseconds = (value: number | null | undefined): string => (value == null ? unknown : `${value < 10 ? value.toPrecision(2) : Math.round(value)} ms`);
export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
/** `14:03:07` of this browser's own zone; with the day where that is another, and the year where that is. */
export function clock(time: string | number, nowMs = Date.now()): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return unknown;
  const text = at.toLocaleTimeString("en-GB");
  const now = new Date(nowMs);
  if (at.toDateString() === now.toDateString()) return text;
  return `${at.toLocaleDateString("en-GB", { day: "2-digit", month: "short", ...(at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) })} ${text}`;
}

/** Times within a sentence of the API, as clocks here show them. */
export const withClocks = (text: string, nowMs = Date.now()): string => text.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) => clock(time, nowMs));

export function energy(joules: number | undefined): string {
  if (joules === undefined) return unknown;
  return joules < 3_600 ? `${threeDigits(joules)} J` : `${threeDigits(joules / 3_600)} Wh`;
}

/** How many times too fast: `1.4`, `100`. */
export const times = (value: number): string => (value < 9.95 ? value.toPrecision(2) : String(Math.round(value)));

/** By how much a node's clock is ahead of this one: its times are by its own, and how old something is goes by one clock alone. */
export const aheadOf = (wallMs: number | undefined, hereMs: number | undefined): number => (wallMs === undefined || hereMs === undefined ? 0 : wallMs - hereMs);
