/** Accelerators and disk that an app needs, all of it on one machine. */
import type { AppDocument } from "../schema/app.ts";

/** Whole ones: parts that fit a device together share it, where they are of the same models. */
export function acceleratorsOf({ functions, models }: AppDocument): number {
  const free = new Map<string, number[]>();
  let whole = 0;
  const required = [...functions, ...models].flatMap(({ needs }) => (needs?.accelerator?.need === "required" ? [needs.accelerator] : []));
  // The largest first: then few devices are left with room that nothing fits.
  for (const { count, milli, models: kinds } of required.sort((one, other) => other.milli - one.milli)) {
    if (milli === wholeMilli) {
      whole += count;
      continue;
    }
    const kind = JSON.stringify([...kinds].sort());
    const devices = free.get(kind) ?? [];
    const place = devices.findIndex((room) => room >= milli);
    if (place === -1) devices.push(wholeMilli - milli);
    else devices[place] = (devices[place] ?? 0) - milli;
    free.set(kind, devices);
  }
  return whole + [...free.values()].reduce((sum, devices) => sum + devices.length, 0);
}

export const diskBytesOf = ({ functions, models }: AppDocument): number => [...functions, ...models].reduce((sum, { needs }) => sum + (needs?.diskBytes ?? 0), 0);

export const wholeMilli = 1000;
