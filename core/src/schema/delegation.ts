/** What control leaves to the lead of a site, what members ask the lead, and what it answers. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { inventoryNodeSchema } from "./inventory.ts";
import { appNeedsSchema, unitNeedsSchema } from "./needs.ts";

const nodeSchema = z.string().min(1).max(63);
/** `app/function`. */
const unitSchema = z.string().min(3).max(127).regex(/^[^/]+\/[^/]+$/);

/** In the desired document of each member: units that run where the lead of the site lets them, and nowhere else. */
export const delegationSchema = z.strictObject({
  site: nodeSchema,
  /** Rises with each change; the same in the documents of all members. */
  serial: z.int().min(1),
  /** As control knows them, so that the lead plans by what control would plan by. Who is above each is told where something goes between the units: events go up, and to no sibling. */
  members: z.array(inventoryNodeSchema.pick({ name: true, tier: true, site: true, jurisdiction: true, trust: true, providers: true, capacity: true, uplink: true })).min(3).max(limits.siteMembersMax),
  /** Where each is to run while control can be asked, and what it needs of another place. */
  units: z.array(z.strictObject({ unit: unitSchema, home: nodeSchema, needs: unitNeedsSchema })).max(limits.appFunctionsMax),
  /** By app, what goes between those; absent where nothing does. */
  flows: z.record(nodeSchema, appNeedsSchema.shape.flows.unwrap()).optional(),
});
export type Delegation = z.infer<typeof delegationSchema>;

/** Names one grant of a unit: the term of the lead that gave it, and how many it had given. Later is larger. */
export const leaseIdSchema = z.tuple([z.int().min(0), z.int().min(0)]);
export type LeaseId = z.infer<typeof leaseIdSchema>;
/** What a unit held, as a sibling keeps it: under which grant, and the how manieth of it. */
const spareIdSchema = z.tuple([z.int().min(0), z.int().min(0), z.int().min(0)]);
export type SpareId = z.infer<typeof spareIdSchema>;

/** Below, same, above: -1, 0, 1. What is not there is below all. */
export function compareIds(a: readonly number[] | null, b: readonly number[] | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  for (const [index, one] of a.entries()) if (one !== (b[index] ?? -1)) return one < (b[index] ?? -1) ? -1 : 1;
  return a.length < b.length ? -1 : 0;
}

/** In a node's report of the document that it reached: the newest that it has of a unit which was left to the site, and is no more. */
export const returnedSchema = z.array(z.strictObject({ unit: unitSchema, id: spareIdSchema })).max(limits.appFunctionsMax);
export type Returned = z.infer<typeof returnedSchema>[number];

/** `site.lease`: a member tells how it stands, and asks what it may run. */
export const unitLeaseAskSchema = z.strictObject({
  /** Opening of its log, and how many it has asked since: an older question is not answered. */
  epoch: z.string().min(1).max(64),
  number: z.int().min(1),
  /** Of the delegation that it has reached; 0: of none. */
  serial: z.int().min(0),
  /** Whether control has let it run what stops on islands. */
  isConnected: z.boolean(),
  units: z.record(unitSchema, z.strictObject({
    /** It runs, or something of it does still: under this grant. */
    runs: leaseIdSchema.nullable(),
    /** The newest of its state that is here. */
    spare: spareIdSchema.nullable(),
    /** There is such a state, and it may not leave the node that it is of. */
    isWithheld: z.boolean(),
  })),
});
export type UnitLeaseAsk = z.infer<typeof unitLeaseAskSchema>;

export const unitLeaseAnswerSchema = z.strictObject({
  term: z.int().min(1),
  serial: z.int().min(0),
  /** These may run there for a lease, counted from the question. `from`: who has the newest of its state. */
  granted: z.array(z.strictObject({ unit: unitSchema, lease: leaseIdSchema, from: z.strictObject({ node: nodeSchema, spare: spareIdSchema }).nullable() })).max(limits.appFunctionsMax),
  /** Who has which at present, as far as the lead has granted it. */
  holders: z.record(unitSchema, nodeSchema),
});
export type UnitLeaseAnswer = z.infer<typeof unitLeaseAnswerSchema>;

/** `state`: a `UnitState` in base64; null: it may not leave its node, `because` says why. */
const spareFields = { id: spareIdSchema, state: z.base64().nullable(), because: z.string().max(512).nullable() };
/** `site.keep`: who runs a unit gives a sibling what it holds. */
export const keepSpareSchema = z.strictObject({ unit: unitSchema, ...spareFields, state: spareFields.state.refine((state) => (state?.length ?? 0) <= spareCharactersMax, { error: "more than siblings keep" }) });
const spareCharactersMax = Math.ceil(limits.siteSpareBytesMax / 3) * 4;
/** `site.spare`: a sibling that is to run it asks for that. */
export const askSpareSchema = z.strictObject({ unit: unitSchema });
export const spareSchema = z.strictObject(spareFields);
export type Spare = z.infer<typeof spareSchema>;
export const delegationMethods = { lease: "site.lease", keep: "site.keep", spare: "site.spare" } as const;

/** `holon.site.overlay`: what a lead decided otherwise than control, or took back. */
export const overlaySchema = z.strictObject({
  site: nodeSchema,
  lead: nodeSchema,
  term: z.int().min(1),
  /** Of this lead in this term. */
  sequence: z.int().min(1),
  /** Of the delegation that it was decided under. */
  serial: z.int().min(1),
  /** Milliseconds since anybody of the site was heard by control. */
  isolatedMs: z.int().min(0),
  /** All that stands otherwise than control wants it now; `node` null: nowhere. */
  units: z.array(z.strictObject({ unit: unitSchema, home: nodeSchema, node: nodeSchema.nullable(), because: z.string().max(512) })).max(limits.appFunctionsMax),
  /** What stood otherwise, and does no more. */
  back: z.array(unitSchema).max(limits.appFunctionsMax),
});
export type Overlay = z.infer<typeof overlaySchema>;
export const delegationEvents = { overlay: "holon.site.overlay", refused: "holon.site.refused" } as const;
