/** An objective: what part of what an app does must be good, over which time. In an app's manifest, or in a node's own file for all that it knows of. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { eventTypeSchema, streamNames } from "./event.ts";
import { nameSchema } from "./name.ts";

const base = {
  name: nameSchema,
  about: z.string().max(256).optional(),
  /** Together for what: each node by itself, each site, all that control knows of. It is judged where that is whole: on the node, at the site, at the root. */
  per: z.enum(["node", "site", "fleet"]).default("site"),
  /** The part that must be good. What is left is the error budget. */
  target: z.number().gt(0).lt(1),
  /** The time over which it is; the windows in which burning is looked for are parts of it. */
  periodMs: z.int().min(limits.objectivePeriodMsMin).max(limits.objectivePeriodMsMax).default(limits.objectivePeriodMs),
  /** So many events it takes in a window before it is said to burn; without it `limits.objectiveEventsMin`, and more than one of them bad. Of freshness it is moments. */
  eventsMin: z.int().min(1).max(limits.objectiveEventsMinMax).optional(),
};
const withinMs = z.number().positive().max(limits.objectivePeriodMsMax);

/** What of an objective counts, where it does not say. */
export const eventsMinOf = ({ eventsMin }: Pick<Objective, "eventsMin">): number => eventsMin ?? limits.objectiveEventsMin;

/** Of an app's own objectives the app is its own. */
const app = { app: nameSchema.optional() };

export const objectiveSchema = z.discriminatedUnion("kind", [
  /** Events handled within that time of their recording, or inferences within that time. */
  z.strictObject({ ...base, ...app, kind: z.literal("latency"), of: z.enum(["handling", "inference"]).default("handling"), function: nameSchema.optional(), withinMs }),
  /** Moments at which the newest record of a stream, or the last thing that a function handled, was not older. */
  z.strictObject({ ...base, ...app, kind: z.literal("freshness"), stream: z.enum(streamNames).optional(), function: nameSchema.optional(), withinMs }),
  /** Events that were not set aside as failed; of a stream, records that were not damaged. */
  z.strictObject({ ...base, ...app, kind: z.literal("loss"), stream: z.enum(streamNames).optional(), function: nameSchema.optional() }),
  /** Events of a type whose field says that the model, or whatever it was, was right. */
  z.strictObject({ ...base, ...app, kind: z.literal("accuracy"), type: eventTypeSchema, field: z.string().min(1).max(64).default("correct"), model: nameSchema.optional() }),
]);
export type Objective = z.infer<typeof objectiveSchema>;

export const objectiveListSchema = z
  .array(objectiveSchema)
  .max(limits.objectivesMax)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, { error: "each name once" })
  .refine((list) => list.every((one) => one.kind !== "freshness" || (one.stream === undefined) !== (one.function === undefined)), { error: "freshness is of a stream or of a function" })
  .refine((list) => list.every((one) => one.kind !== "loss" || one.stream === undefined || one.function === undefined), { error: "loss is of a stream or of a function" });
