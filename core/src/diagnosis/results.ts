/** What requests give. */
import { z } from "zod";
import { findingSchema } from "./findings.ts";

/** Health, as the node tells it: what stands beside the findings is for people and grows. */
export const reportSchema = z.looseObject({ node: z.string(), asOf: z.string(), clock: z.string(), findings: z.array(findingSchema) });

export const bundleSchema = z.strictObject({ node: z.string(), asOf: z.string(), files: z.array(z.strictObject({ path: z.string().regex(/^[a-z-]+\.(?:json|txt)$/), text: z.string() })).max(16) });
export type Bundle = z.infer<typeof bundleSchema>;

export const profileSchema = z.strictObject({ seconds: z.number(), /** Where most of the time went. */ top: z.array(z.strictObject({ function: z.string(), where: z.string(), selfMs: z.number(), share: z.number() })), heap: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), /** For the developer tools of a browser; null where it is too large to be sent. */ cpuprofile: z.unknown() });
export type Profile = z.infer<typeof profileSchema>;

export const outcomeSchema = z.strictObject({ command: z.string(), exitCode: z.number().nullable(), ended: z.enum(["itself", "time", "output"]), outputBytes: z.int(), /** Null where its class stays on the node. */ output: z.string().nullable(), withheld: z.string().optional() });
export type Outcome = z.infer<typeof outcomeSchema>;
