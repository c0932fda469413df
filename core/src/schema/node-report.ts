/** What a node says of itself for the planner (`holon.node.inventory`), and what its operator declares of it (`inventory` in its configuration). */
import { z } from "zod";
import { limits } from "../limits.ts";
import { feedsSchema } from "./energy.ts";
import { inventoryNodeSchema, measuredSchema } from "./inventory.ts";

/** As of the report that is made of it, which control would refuse else. */
const amount = z.number().min(0).max(limits.declaredMax);
const powerSourceSchema = z.enum(["mains", "battery", "solar", "generator"]);
export type PowerSource = z.infer<typeof powerSourceSchema>;
const toldSchema = z.strictObject({ asOfMs: z.number().min(0), source: z.enum(["declared", "measured"]) });

export const declaredInventorySchema = z
  .strictObject({
    processors: z.number().min(0).max(1e9),
    memoryBytes: z.number().min(0).max(1e18),
    diskBytes: z.number().min(0).max(1e18),
    accelerators: z.strictObject({ model: z.string().min(1), count: z.int().min(1).max(limits.planAcceleratorsMax) }),
    providers: z.array(z.string().min(1)).min(1).max(64),
    /** In the currency of the fleet; the price of energy may be below zero. */
    prices: z.strictObject({ perProcessorHour: amount, perGigabyteHour: amount, perAcceleratorHour: amount, perKilowattHour: z.number().min(-limits.declaredMax).max(limits.declaredMax) }).partial(),
    power: z.strictObject({ processorWatts: amount, acceleratorWatts: amount }).partial(),
    carbonGramsPerKilowattHour: amount,
    /** What it runs on. */
    powerSource: powerSourceSchema,
    /** From where it has its curves of carbon and price. */
    energy: feedsSchema,
    /** Of the way to its parent. */
    uplink: z.strictObject({ latencyMs: amount, bytesPerSecond: amount, perGigabyte: amount }).partial(),
  })
  .partial();
export type DeclaredInventory = z.infer<typeof declaredInventorySchema>;

export const nodeReportSchema = inventoryNodeSchema.pick({ capacity: true, load: true, providers: true, uplink: true, prices: true, power: true, carbonGramsPerKilowattHour: true, beside: true }).extend({
  /** Milliseconds of one event, by unit that runs there. */
  speeds: z.record(z.string(), measuredSchema).optional(),
  powerSource: toldSchema.extend({ value: powerSourceSchema }).optional(),
  /** Of `providers`; without it they are assumed. */
  providersAsOf: toldSchema.optional(),
  /** What the machine itself shows, whatever is declared; what could not be found out is left out. */
  found: z
    .strictObject({
      accelerators: z.strictObject({ kinds: z.array(z.strictObject({ model: z.string().min(1).max(256), count: z.int().min(1) })).max(limits.acceleratorKindsMax), asOfMs: z.number().min(0) }),
      /** Each has run a small graph. */
      providers: z.strictObject({ names: z.array(z.string().min(1)).max(64), asOfMs: z.number().min(0) }),
    })
    .partial()
    .optional(),
  /** Other members of its site, as its configuration names them. */
  siblings: z.array(z.string().min(1).max(63)).max(limits.siteMembersMax).optional(),
});
export type NodeReport = z.infer<typeof nodeReportSchema>;

/** `plan.renew`, passed up to control: a node is there, and holds this version of its document. */
export const renewSchema = z.strictObject({ node: z.string().min(1).max(63), version: z.int().min(0) });
/** The version that stands issued for it: it may run what stops on islands for a lease, counted from when it asked, if it holds that. */
export const renewedSchema = z.strictObject({ version: z.int().min(0) });
/**
 * Answer of `plan.held`, which control asks of a node below: what the document that it holds says of units with needs. `document`: by which that is told from another one of its version; `leased`: it has a lease;
 * `units`: those that are its own to run, but for what is left to its site, or `departed` there and are held there still; `moving`: those on their way by that document; `left`: those that it leaves to its site,
 * where there are any.
 */
export const heldAnswerSchema = z.strictObject({
  version: z.int().min(0),
  document: z.string().max(64).nullable(),
  leased: z.boolean(),
  units: z.array(z.strictObject({ unit: z.string().min(3).max(127), stops: z.boolean(), departed: z.boolean() })).max(limits.heldUnitsTold),
  moving: z.array(z.string().min(3).max(127)).max(limits.heldUnitsTold),
  left: z.array(z.string().min(3).max(127)).max(limits.heldUnitsTold).optional(),
});
export type HeldAnswer = z.infer<typeof heldAnswerSchema>;
export const planMethods = { renew: "plan.renew", held: "plan.held", echo: "link.echo" } as const;
