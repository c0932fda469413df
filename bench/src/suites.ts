/** The table of suites: one file each. */
import { hubSuite } from "./hub.ts";
import { linkSuite } from "./link.ts";
import { logSuite } from "./log.ts";
import { seriesSuite } from "./series.ts";
import type { Suite } from "./suite.ts";

export const suites: ReadonlyMap<string, Suite> = new Map([
  ["log", logSuite],
  ["link", linkSuite],
  ["hub", hubSuite],
  ["series", seriesSuite],
]);
