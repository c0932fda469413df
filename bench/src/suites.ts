/** The table of suites: one file each. */
import { consoleSuite } from "./console.ts";
import { encryptionSuite } from "./encryption.ts";
import { endToEndSuite } from "./end-to-end.ts";
import { fleetSuite } from "./fleet.ts";
import { functionsSuite } from "./functions.ts";
import { gpuTraceSuite } from "./gpu-trace.ts";
import { guardSuite } from "./guard.ts";
import { hubSuite } from "./hub.ts";
import { ingestSuite } from "./ingest.ts";
import { linkSuite } from "./link.ts";
import { logSuite } from "./log.ts";
import { memorySuite } from "./memory.ts";
import { modelsSuite } from "./models.ts";
import { placementSuite } from "./placement.ts";
import { recoverySuite } from "./recovery.ts";
import { reflexSuite } from "./reflex.ts";
import { seriesSuite } from "./series.ts";
import { shiftingSuite } from "./shifting.ts";
import { smallerSuite } from "./smaller.ts";
import { telemetrySuite } from "./telemetry.ts";
import type { Suite } from "./suite.ts";

export const suites: ReadonlyMap<string, Suite> = new Map([
  ["log", logSuite],
  ["link", linkSuite],
  ["hub", hubSuite],
  ["ingest", ingestSuite],
  ["endToEnd", endToEndSuite],
  ["guard", guardSuite],
  ["encryption", encryptionSuite],
  ["recovery", recoverySuite],
  ["memory", memorySuite],
  ["models", modelsSuite],
  ["series", seriesSuite],
  ["functions", functionsSuite],
  ["reflex", reflexSuite],
  ["smaller", smallerSuite],
  ["placement", placementSuite],
  ["gpu-trace", gpuTraceSuite],
  ["shifting", shiftingSuite],
  ["fleet", fleetSuite],
  ["console", consoleSuite],
  ["telemetry", telemetrySuite],
]);
