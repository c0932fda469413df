/** `telemetry` in a node's configuration: without it nothing is measured. Every node that `holon` starts has it. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { jurisdictionPattern } from "../policy/jurisdiction.ts";
import { dataClasses } from "../schema/event.ts";
import { nameSchema } from "../schema/name.ts";

const otlpClassSchema = z.enum(dataClasses).default("raw");

/** Where telemetry goes beside the way up: a collector of OpenTelemetry, which is outside. */
export const exportSettingsSchema = z.strictObject({
  /** Without `/v1/…`: `http://127.0.0.1:4318`. */
  url: z.url({ protocol: /^https?$/ }),
  /** Where it stands: the policy decides what may go there, as it does of the link. */
  jurisdiction: z.string().regex(jurisdictionPattern),
  encoding: z.enum(["protobuf", "json"]).default("protobuf"),
  /** What this node measured, or all that its log holds. */
  of: z.enum(["self", "all"]).default("all"),
  /** Headers by the names of secrets of this node that hold their values. */
  secretHeaders: z.record(z.string().regex(/^[A-Za-z0-9-]+$/).max(64), nameSchema).optional(),
});
export type ExportSettings = z.infer<typeof exportSettingsSchema>;

export const telemetrySettingsSchema = z.strictObject({
  /** How often what was measured is told. */
  everyMs: z.int().min(limits.telemetryEveryMsMin).max(limits.telemetryEveryMsMax).default(limits.telemetryEveryMs),
  /** Of an outage's beginning and end so much is told as it was measured; the time between is merged to `coarseMs`. */
  fullMs: z.int().min(0).max(7 * 86_400_000).default(limits.telemetryFullMs),
  coarseMs: z.int().min(1_000).max(86_400_000).default(limits.telemetryCoarseMs),
  /** Of the uplink's budget, where it has one. */
  share: z.number().gt(0).max(1).default(limits.telemetryShare),
  /** Class of what SDKs send to this node. What is raw or personal stays here; what is not leaves where a rule lets it. */
  otlp: z.strictObject({ traces: otlpClassSchema, metrics: otlpClassSchema, logs: otlpClassSchema }).prefault({}),
  export: exportSettingsSchema.optional(),
});
export type TelemetrySettings = z.infer<typeof telemetrySettingsSchema>;
