/** Events counted by the time of their recording, for a chart: each once, whenever it arrived. */
import { originOf, type Event } from "./event.ts";

export interface Buckets {
  /** Seconds since 1970: where each step begins. */
  readonly times: readonly number[];
  readonly series: readonly { readonly label: string; readonly values: readonly number[] }[];
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
const bucketsMax = 120;
const originsMax = 7;

export const stepFor = (seconds: number): number => steps.find((step) => seconds / step <= bucketsMax) ?? 7_200;

/** From the first step that begins at or after `fromMs` to the one that `toMs` is in. */
export function countByTime(events: readonly Event[], fromMs: number, toMs: number, stepSeconds: number): Buckets {
  const first = Math.ceil(fromMs / 1_000 / stepSeconds);
  const last = Math.floor(toMs / 1_000 / stepSeconds);
  const times = Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => (first + place) * stepSeconds);
  const seen = new Set<string>();
  const byOrigin = new Map<string, number[]>();
  for (const event of events) {
    const place = Math.floor(Date.parse(event.recordedtime) / 1_000 / stepSeconds) - first;
    if (place < 0 || place >= times.length || seen.has(event.id)) continue;
    seen.add(event.id);
    const origin = originOf(event);
    let values = byOrigin.get(origin);
    if (values === undefined) byOrigin.set(origin, (values = times.map(() => 0)));
    values[place] = (values[place] ?? 0) + 1;
  }
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const ranked = [...byOrigin].sort(([one, a], [other, b]) => total(b) - total(a) || (one < other ? -1 : 1));
  const rest = ranked.slice(originsMax);
  const others = rest.length === 0 ? [] : [{ label: `${rest.length} others`, values: times.map((_, place) => rest.reduce((sum, [, values]) => sum + (values[place] ?? 0), 0)) }];
  return { times, series: [...ranked.slice(0, originsMax).map(([label, values]) => ({ label, values })), ...others] };
}
