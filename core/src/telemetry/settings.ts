/** `telemetry` in a node's configuration: without it nothing is measured. Every node that `holon` starts has it. */
import { z } from "zod";
import { limits } from "../limits.ts";

export const telemetrySettingsSchema = z.strictObject({
  /** How often what was measured is told. */
  everyMs: z.int().min(limits.telemetryEveryMsMin).max(limits.telemetryEveryMsMax).default(limits.telemetryEveryMs),
  /** Of an outage's beginning and end so much is told as it was measured; the time between is merged to `coarseMs`. */
  fullMs: z.int().min(0).max(7 * 86_400_000).default(limits.telemetryFullMs),
  coarseMs: z.int().min(1_000).max(86_400_000).default(limits.telemetryCoarseMs),
  /** Of the uplink's budget, where it has one. */
  share: z.number().gt(0).max(1).default(limits.telemetryShare),
});
export type TelemetrySettings = z.infer<typeof telemetrySettingsSchema>;
