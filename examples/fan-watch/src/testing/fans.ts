/** The fan recordings as readings by speed, with the fault apart: the function never sees it. Each speed: a minute in order, then a minute of each fault. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { UnitEvent } from "@holon/sdk";

const file = new URL("../../../../../shared/data/fan-vibration/accelerometer.csv.gz", import.meta.url);

export const fansAreThere = existsSync(file);

export interface FanRecording {
  readonly events: readonly UnitEvent[];
  /** Whether weights unbalanced the fan, by reading. */
  readonly faults: readonly boolean[];
}

export function loadFans(): readonly FanRecording[] {
  const rows = gunzipSync(readFileSync(file)).toString("utf8").trim().split(/\r?\n/).slice(1).map((line) => line.split(",").map(Number));
  return [...Map.groupBy(rows, ([, speed]) => speed ?? 0)].map(([speed, own]) => ({
    events: own.map(([, , x, y, z], index) => ({ id: "", type: "fan.reading", source: "/test", subject: `fan/${speed}`, timeMs: index * 20, arrivedMs: index * 20, data: { x, y, z } })),
    faults: own.map(([configuration]) => configuration !== 1),
  }));
}
