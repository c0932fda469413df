/** A plan as it is kept, with all that it was made from, so that any choice in it can be explained again. */
import { z } from "zod";
import { shiftSchema } from "./energy.ts";
import { inventorySchema } from "./inventory.ts";
import { appNeedsSchema, placementPolicySchema } from "./needs.ts";

const placementSchema = z.strictObject({ unit: z.string(), replica: z.int().min(0), node: z.string() });

/** How much of a model that asks another is done on a node where it is asked. */
export const plannedStageSchema = z.strictObject({
  /** `app/model`, as functions call it. */
  model: z.string(),
  node: z.string(),
  /** Of a model in parts, how many are run here: all of them, if it asks nobody. Of a cascade: 0: the large one alone is asked; 1: the small one first; 2: the large one stands here. */
  here: z.int().min(0),
});
export type PlannedStage = z.infer<typeof plannedStageSchema>;

/** Where so many nodes ask a model that neighbours count together when it is said where its end stands. */
export const countedSchema = z.strictObject({ /** `app/model`. */ model: z.string(), /** That ask. */ nodes: z.int().min(1), /** As which they count. */ groups: z.int().min(1) });
export type Counted = z.infer<typeof countedSchema>;

export const planSchema = z.strictObject({
  apiVersion: z.literal("holon/v1"),
  kind: z.literal("Plan"),
  parent: z.string().nullable(),
  inputs: z.string(),
  hash: z.string(),
  atMs: z.number(),
  seed: z.number(),
  placements: z.array(placementSchema),
  unplaced: z.array(placementSchema.omit({ node: true })),
  costPerMonth: z.number(),
  moves: z.int(),
  unknownValues: z.int(),
  proved: z.boolean(),
  /** When jobs run that are placed; `atOnceNode`: what `atOnce` is of, where they stood before. */
  shifts: z.array(z.strictObject({ unit: z.string(), node: z.string(), atOnceNode: z.string(), ...shiftSchema.shape })).optional(),
  stages: z.array(plannedStageSchema).optional(),
  counted: z.array(countedSchema).optional(),
});

export const keptPlanSchema = z.strictObject({
  plan: planSchema,
  inputs: z.strictObject({
    policy: placementPolicySchema,
    inventory: inventorySchema,
    apps: z.array(appNeedsSchema),
    nowMs: z.number(),
    seed: z.number(),
    scope: z.enum(["all", "touched"]).optional(),
    previous: planSchema.optional(),
  }),
});
export type KeptPlan = z.infer<typeof keptPlanSchema>;
