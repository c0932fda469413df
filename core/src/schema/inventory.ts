/** What a fleet is made of, as the planner sees it. A value that is not there, or too old, is unknown, and unknown is not zero. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { jurisdictionPattern } from "../policy/jurisdiction.ts";
import { energyCurveSchema } from "./energy.ts";
import { nameSchema } from "./name.ts";
import { tierSchema } from "./tier.ts";

/** A figure with where it is from and when it was true. */
export const measuredSchema = z.strictObject({
  value: z.number().min(-1e15).max(1e15),
  /** Wall-clock milliseconds. */
  asOfMs: z.number().min(0),
  source: z.enum(["declared", "measured", "estimated", "forecast"]),
});
export type Measured = z.infer<typeof measuredSchema>;

const atLeastZero = measuredSchema.refine(({ value }) => value >= 0, "not below zero");
const currencyAnHour = atLeastZero;

const linkFields = {
  latencyMs: atLeastZero.optional(),
  bytesPerSecond: atLeastZero.optional(),
  /** What a gigabyte over it costs. */
  perGigabyte: atLeastZero.optional(),
};

const amountSource = z.enum(["declared", "measured"]);

/** In rising order. */
export const trustLevels = ["none", "enrolled", "attested"] as const;

export const inventoryNodeSchema = z.strictObject({
  name: nameSchema,
  tier: tierSchema,
  site: nameSchema,
  jurisdiction: z.string().regex(jurisdictionPattern),
  trust: z.enum(trustLevels).default("enrolled"),
  /**
   * A node that is gone stays in the inventory, so that its way and what it had are known. One that is silent may be an island: what goes on there
   * stays, and nothing comes to it.
   */
  state: z.enum(["present", "silent", "gone"]).default("present"),
  /** Its program is not what was adopted: what runs there stays, and nothing comes to it. Absent where it is. */
  held: z.literal(true).optional(),
  /** What is not known of it holds nothing. */
  capacity: z.strictObject({
    processors: z.number().min(0).max(1e9).optional(),
    memoryBytes: z.number().min(0).max(1e18).optional(),
    diskBytes: z.number().min(0).max(1e18).optional(),
    asOfMs: z.number().min(0).optional(),
    source: amountSource.optional(),
    /** Of those that are from elsewhere than `source` says. */
    sources: z.strictObject({ processors: amountSource, memoryBytes: amountSource, diskBytes: amountSource }).partial().optional(),
    accelerators: z.strictObject({ model: z.string().min(1), count: z.int().min(1).max(limits.planAcceleratorsMax) }).optional(),
  }),
  /** In use by what the planner does not place. */
  load: z.strictObject({ processors: atLeastZero.optional(), memoryBytes: atLeastZero.optional() }).default({}),
  /** Execution providers of its model runtime, and `bubblewrap` where programs can be confined. */
  providers: z.array(z.string().min(1)).max(64).default(["cpu"]),
  /** Milliseconds of one call, by unit. */
  speeds: z.record(z.string(), atLeastZero).default({}),
  uplink: z.strictObject({ parent: nameSchema, ...linkFields }).optional(),
  /** Other members of its site, as it says: three or more that all name each other decide for themselves when they are cut off. */
  siblings: z.array(nameSchema).max(limits.siteMembersMax).optional(),
  /** Milliseconds, one way, to other nodes of its site. */
  beside: z.record(nameSchema, atLeastZero).optional(),
  prices: z.strictObject({ perProcessorHour: currencyAnHour, perGigabyteHour: currencyAnHour, perAcceleratorHour: currencyAnHour, /** May be below zero. */ perKilowattHour: measuredSchema }).partial().default({}),
  power: z.strictObject({ processorWatts: atLeastZero, acceleratorWatts: atLeastZero }).partial().default({}),
  carbonGramsPerKilowattHour: atLeastZero.optional(),
  /** Names of its curves in `curves`. */
  energy: z.strictObject({ carbon: z.string().optional(), price: z.string().optional() }).optional(),
});
export type InventoryNode = z.infer<typeof inventoryNodeSchema>;

/** From where it is how much of one thing a node has; undefined where that is not known. */
export const sourceOf = (capacity: InventoryNode["capacity"], of: "processors" | "memoryBytes" | "diskBytes"): Measured["source"] | undefined => (capacity[of] === undefined ? undefined : (capacity.sources?.[of] ?? capacity.source));

export const inventorySchema = z
  .strictObject({
    nodes: z.array(inventoryNodeSchema).max(limits.planNodesMax),
    /** Ways between two sites that do not go over their parents. */
    links: z.array(z.strictObject({ between: z.tuple([nameSchema, nameSchema]), ...linkFields })).max(limits.planNodesMax).default([]),
    /** Carbon and price of electricity, by name: nodes of one zone share them. */
    curves: z.record(z.string(), energyCurveSchema).optional(),
  })
  .refine(({ nodes }) => new Set(nodes.map(({ name }) => name)).size === nodes.length, { path: ["nodes"], error: "each node once" });
export type Inventory = z.infer<typeof inventorySchema>;
