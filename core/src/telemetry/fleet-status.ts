/** `GET /v1/fleet`: every node with its state, and how much of the fleet the answer knows. */
import { z } from "zod";
import { clockStates } from "../schema/event.ts";
import { tierSchema } from "../schema/tier.ts";
import { completenessSchema, nodeStateSchema } from "./completeness.ts";

const timeSchema = z.iso.datetime();

export const fleetRowSchema = z.object({
  node: z.string(),
  site: z.string(),
  tier: tierSchema,
  jurisdiction: z.string(),
  /** Name of the node above that it was last seen connected to; null for a root, or where nobody told. */
  parent: z.string().nullable(),
  state: nodeStateSchema,
  /** Since when it is in this state. */
  since: timeSchema.nullable(),
  /** When a sign of life of it arrived here last. */
  heardAt: timeSchema.nullable(),
  /** Up to where its telemetry is here. */
  through: timeSchema.nullable(),
  /** How often it should tell. */
  everyMs: z.number().nullable(),
  /** Its link to its parent as the parent told; `unknown` where the way to the parent is itself down. */
  link: z.enum(["up", "down", "unknown"]),
  /** When it was enrolled, by the clock here; null where nobody here enrolled it. */
  enrolledAt: timeSchema.nullable(),
  /** How its last run before this one ended, where that is known. */
  ended: z.object({ how: z.enum(["stopped", "crashed"]), at: timeSchema }).nullable(),
  /** By how many milliseconds its clock is ahead of what it should be (behind, if negative): of the answerer's, unless that one is wrong itself (`clock`). Times of it are told as they were here. Null where nobody says that it differs by more than some seconds. */
  clockOffMs: z.number().nullable(),
  /** Windows of it that arrived after they were due, since this answerer started. */
  late: z.int().min(0),
  /** Newest value of each metric, by name and attributes as `name{key="value"}`: gauges as they are, sums as a rate per second over the newest window. */
  figures: z.record(z.string(), z.number()),
});
export type FleetRow = z.infer<typeof fleetRowSchema>;

/** The clock of whoever answers, by which all times of the answer are told. */
export const answerClockSchema = z.object({
  /** Whether a time service has set it. */
  state: z.enum(clockStates),
  /** By how many milliseconds it is ahead of those that it was measured against (behind, if negative), where it is this one that is wrong: then nothing is said against theirs. Null where nothing says that it is. */
  offMs: z.number().nullable(),
});
export type AnswerClock = z.infer<typeof answerClockSchema>;

export const fleetStatusSchema = z.object({
  asOf: timeSchema,
  clock: answerClockSchema,
  completeness: completenessSchema,
  nodes: z.array(fleetRowSchema),
  /** The next page begins behind this node: `?after=`. */
  next: z.string().nullable(),
});
export type FleetStatus = z.infer<typeof fleetStatusSchema>;

export const fleetQuerySchema = z.strictObject({
  site: z.string().max(63).optional(),
  state: nodeStateSchema.optional(),
  after: z.string().max(63).optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000).optional(),
  /** Metrics whose newest values are wanted in `figures`, with commas between; without it none. */
  figures: z.string().max(1_024).optional(),
});
export type FleetQuery = z.infer<typeof fleetQuerySchema>;
