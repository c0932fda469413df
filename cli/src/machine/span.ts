import { HolonError } from "@holon/core/errors.ts";

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30m`, `1h`, `2d`. */
export function spanOf(text: string, flag = "--for"): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (unitsMs[unit ?? ""] ?? Number.NaN);
  if (!(ms > 0)) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a time like 30m, 1h or 2d, not ${text}`);
  return ms;
}
