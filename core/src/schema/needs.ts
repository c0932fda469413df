/** What an app's units need of the place where they run. Everything has a default, so that a short manifest is enough. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { jurisdictionPattern } from "../policy/jurisdiction.ts";
import { jobRunSchema, jobSchema } from "./energy.ts";
import { dataClassSchema } from "./event.ts";
import { trustLevels } from "./inventory.ts";
import { nameSchema } from "./name.ts";
import { tierSchema } from "./tier.ts";

const jurisdiction = z.string().regex(jurisdictionPattern);
const amount = z.number().min(0).max(limits.amountMax);

const fields = {
  /** Without it any. */
  tiers: z.array(tierSchema).min(1),
  /** Places where it may run; a place covers what lies in it. */
  jurisdictions: z.array(z.union([z.literal("*"), z.string().regex(jurisdictionPattern)])).min(1),
  /** Of what it is given. What is raw or personal is handled at the sites of its sources. */
  classes: z.array(dataClassSchema),
  sources: z.array(z.strictObject({ site: nameSchema, /** Where the device is attached; without it where most of the site's data was seen to come in, or else the top of the site. */ node: nameSchema.optional(), bytesPerMonth: amount.default(0) })).max(64),
  /** Sites where what it orders takes effect. */
  effects: z.array(nameSchema).max(64),
  /** From source through this unit to the effect. */
  latencyMsMax: z.number().positive(),
  /** How long one of its calls takes, where nothing was measured. */
  callMs: amount,
  replicas: z.int().min(1).max(limits.planReplicasMax),
  /** What no two replicas share. */
  spread: z.enum(["node", "site"]),
  processors: amount,
  memoryBytes: amount,
  diskBytes: amount,
  /** Without it the processor does the work. */
  accelerator: z
    .strictObject({ need: z.enum(["required", "preferred"]).default("required"), count: z.int().min(1).max(limits.planAcceleratorsMax).default(1), /** Of each, thousandths. */ milli: z.int().min(1).max(1000).default(1000), models: z.array(z.string().min(1)).default([]) })
    .refine(({ count, milli }) => count === 1 || milli === 1000, "several are taken whole"),
  /** Any of these execution providers will do. */
  providers: z.array(z.string().min(1)),
  trust: z.enum(trustLevels),
  /** Of each replica. */
  budgetPerMonthMax: amount,
  /** What follows it when it moves. */
  stateBytes: amount,
  /** Hours by which its work may begin later. */
  deferrableHours: z.int().min(0).max(8_784),
  /** Its work is done in runs, each in the hours of least carbon or money that `deferrableHours` leaves. */
  job: jobSchema,
  /** `stop`: it ends where the node loses the way to control for longer than its lease, and is started elsewhere. */
  onIsolation: z.enum(["continue", "stop"]),
  /** While its site is cut off, the lead of the site decides where in it the unit runs. Of one replica, and with `onIsolation: stop`. */
  delegated: z.boolean(),
  /** Where room is short, the lower gives way. */
  priority: z.int().min(0).max(9),
} as const;

/** As a manifest says it: what is left out has the default of `unitNeedsSchema`. */
export const placementNeedsSchema = z.strictObject(fields).partial();
export type PlacementNeeds = z.infer<typeof placementNeedsSchema>;

export const unitNeedsSchema = z.strictObject({
  ...placementNeedsSchema.shape,
  name: nameSchema,
  jurisdictions: fields.jurisdictions.default(["*"]),
  classes: fields.classes.default([]),
  sources: fields.sources.default([]),
  effects: fields.effects.default([]),
  /** It is handed what its sources send up, and nothing else: it stands at their sites or above them. */
  onTheWay: z.boolean().default(false),
  /**
   * Nodes on which what it is handed is made, whatever is placed: it is handed that on the same node or above it; `here`: what is made there leaves no node; `until`: the policy lets it go up to this node, and no
   * higher; `asks`: it is asked there, and questions go to siblings, too.
   */
  makers: z.array(z.strictObject({ node: nameSchema, here: z.literal(true).optional(), until: nameSchema.optional(), asks: z.literal(true).optional(), /** So many, of which this one is shown: they are below the same nodes, as far as a plan looks at them. */ like: z.int().min(2).max(limits.planNodesMax).optional() })).max(4 * limits.makersMax).optional(),
  /** What its app has on every node of a tier, which is handed what is made on that node, and nothing else. */
  takers: z.array(z.strictObject({ unit: nameSchema, tier: tierSchema, /** Nodes of that tier on which it may not run. */ except: z.array(nameSchema).max(limits.makersMax).optional() })).max(limits.appFunctionsMax).optional(),
  /** Sites whose nodes alone can open what it is made of. */
  sealedTo: z.array(nameSchema).optional(),
  /** Nodes on which the policy does not let it run, and why. */
  forbidden: z.record(nameSchema, z.string()).optional(),
  /** The site that it is left to, and the node there that is not heard and may run it still: it is for no node of another site. */
  leftTo: z.strictObject({ site: nameSchema, node: nameSchema }).optional(),
  /** Of a job, the run that is planned. */
  run: jobRunSchema.optional(),
  /** The site that decides on it now, being cut off: what it left there stays. */
  island: nameSchema.optional(),
  replicas: fields.replicas.default(1),
  spread: fields.spread.default("node"),
  processors: fields.processors.default(0.1),
  memoryBytes: fields.memoryBytes.default(limits.unitMemoryBytes),
  diskBytes: fields.diskBytes.default(0),
  providers: fields.providers.default([]),
  trust: fields.trust.default("enrolled"),
  stateBytes: fields.stateBytes.default(0),
  deferrableHours: fields.deferrableHours.default(0),
  onIsolation: fields.onIsolation.default("continue"),
  priority: fields.priority.default(5),
});
export type UnitNeeds = z.infer<typeof unitNeedsSchema>;

/** A model that asks another, and of which control says how much is done where the rows are. */
export const stagedSchema = z.strictObject({
  /** As functions call it: the head of a model in parts, or the small one of a cascade. */
  model: nameSchema,
  kind: z.enum(["split", "cascade"]),
  /** From the head to the end, which is the unit that is placed; of a cascade the small one and the large. */
  parts: z
    .array(z.strictObject({ name: nameSchema, /** Of a row, as its publisher measured it. */ ms: amount.optional(), /** Of a row: what leaves this part; of a cascade the row, and then the answer. */ bytes: amount.optional() }))
    .min(2)
    .max(limits.modelPartsMax),
  /** By tier, how much longer a part takes there than where it was published, where nothing was measured. */
  pace: z.partialRecord(tierSchema, z.number().positive().max(limits.amountMax)).optional(),
  /** Of a cascade, the share of rows of which the small one is not sure, as measured. */
  passUp: z.number().min(0).max(1).optional(),
  /** Nodes on which it is asked by what runs on every node of a tier. */
  askers: z.array(z.strictObject({ node: nameSchema, rowsPerMonth: amount })).max(limits.planNodesMax),
  /** Placed functions that ask it. */
  units: z.array(z.strictObject({ unit: nameSchema, rowsPerMonth: amount })).max(limits.appFunctionsMax),
});
export type Staged = z.infer<typeof stagedSchema>;

export const appNeedsSchema = z
  .strictObject({
    app: nameSchema,
    units: z.array(unitNeedsSchema).max(limits.appFunctionsMax),
    flows: z.array(z.strictObject({ from: nameSchema, to: nameSchema, bytesPerMonth: amount.default(0), /** Questions, which go up: what answers stands on the same node, beside it in its site, or above. */ asks: z.literal(true).optional(), /** Events, which are handed on the same node or above it; `here`: they leave no node. */ hands: z.enum(["up", "here"]).optional(), /** Where the policy does not let them come, by where they were made: jurisdictions. */ borders: z.array(z.strictObject({ born: jurisdiction, to: jurisdiction })).max(limits.bordersMax).optional() })).max(4 * limits.appFunctionsMax).default([]),
    stages: z.array(stagedSchema).max(limits.appFunctionsMax).optional(),
  })
  .superRefine(({ units, flows, stages = [] }, context) => {
    const names = new Set(units.map(({ name }) => name));
    if (names.size !== units.length) context.addIssue({ code: "custom", path: ["units"], message: "each unit once" });
    for (const [index, { from, to }] of flows.entries()) if (!names.has(from) || !names.has(to) || from === to) context.addIssue({ code: "custom", path: ["flows", index], message: "a flow goes from one unit of the app to another" });
    for (const [index, { parts }] of stages.entries()) if (!names.has(parts.at(-1)?.name ?? "")) context.addIssue({ code: "custom", path: ["stages", index], message: "the end of a model in parts is a unit of the app" });
  });
export type AppNeeds = z.infer<typeof appNeedsSchema>;

/** What weighs how much, in money, so that all of it can be added up. */
export const placementPolicySchema = z.strictObject({
  /** A millisecond from a source, to an effect, or along a flow, a month. */
  perMillisecond: amount.default(0.01),
  perKilogramCarbon: amount.default(0.1),
  /** Moving a unit costs this and what follows it costs this, once. A move is made only if it saves more in a month. */
  perMove: amount.default(0.5),
  perGigabyteMoved: amount.default(0.1),
  /** Work that needs no accelerator, on a node that has some: they are kept for what needs them. */
  acceleratorSpared: amount.default(5),
  /** Work that would like an accelerator, on a node without. */
  acceleratorMissed: amount.default(10),
  /** An older value is unknown. */
  staleAfterMs: z.number().positive().default(7 * 86_400_000),
  /** The same for what is in use of a node, which is told at least once a day. */
  loadStaleAfterMs: z.number().positive().default(2 * 86_400_000),
  /** Of what a node has, what counts as in use where nobody knows. */
  loadUnknownShare: z.number().min(0).max(1).default(0.5),
  /** Between two nodes of a site that have not measured it. */
  siteLatencyMs: amount.default(0.5),
  /** Evaluations of one place for one unit. At the bound: the best plan so far. */
  stepsMax: z.int().positive().max(limits.planStepsMax).default(4_000_000),
});
export type PlacementPolicy = z.infer<typeof placementPolicySchema>;

/** Of it what an operator says, in the currency of the fleet; the rest is not a matter of money. */
export const placementWeightsSchema = z.strictObject({ perMillisecond: amount, perKilogramCarbon: amount, perMove: amount, perGigabyteMoved: amount, acceleratorSpared: amount, acceleratorMissed: amount }).partial();
export type PlacementWeights = z.infer<typeof placementWeightsSchema>;
