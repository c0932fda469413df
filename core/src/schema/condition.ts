/** How a node stands to what it is to be (`holon.node.condition`), and where the two differ. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { nameSchema } from "./name.ts";

export const conditionSchema = z.object({
  /** Of the document that runs; 0 where none does. */
  version: z.int().min(0),
  /** Hash of the policy that decides what leaves; null where none was written. */
  policy: z.string().nullable(),
  /** `changed`: its file says otherwise than what it was started with. Null where there is no file to look at. */
  config: z.enum(["as started", "changed"]).nullable(),
  clock: z.enum(["synced", "coasting", "unknown"]),
  disk: z.enum(["ok", "full", "failed"]),
  /** Whether it is made of what was adopted; not told where nothing measures it, or while it looks for the first time. */
  measured: z.enum(["unmeasured", "adopted", "altered"]).optional(),
  /** What is altered: how many, and the first of them. */
  altered: z.object({ count: z.int().min(1), first: z.array(z.string().max(1_024)).max(8) }).optional(),
  /** Secrets, and what is new, are held back until somebody adopts what was found, by its hash. */
  held: z.object({ since: z.string(), found: z.string() }).optional(),
  /** What its file declares of it and was not found, for people; absent where nothing contradicts. */
  inventory: z.string().max(1_000).optional(),
  /** It has a TPM that signs what it measures. */
  quotes: z.boolean().optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

/** What nobody can have moved is no figure, and no plan is made by it. */
const count = z.number().min(0).max(1e15);
/** Of a model whose questions go up: rows that were answered here and above, and bytes of questions. */
const askedSchema = z.object({ model: z.string(), here: count, above: count, kept: count, bytes: count, /** Rows that went up unseen by the small model of a cascade. */ direct: count.optional() });
/** `holon.unit.handed`: from where units were handed how many bytes, and what models asked, since the last time that it was told. */
export const handedSchema = z.object({
  overMs: z.number().min(1_000).max(31 * 86_400_000),
  units: z.array(z.object({ unit: z.string(), bytes: z.record(nameSchema, count) })).max(limits.handedUnitsMax),
  models: z.array(askedSchema).max(limits.handedUnitsMax).optional(),
});
export type Asked = z.infer<typeof askedSchema>;
export type Handed = z.infer<typeof handedSchema>;

export const driftKinds = ["version", "policy", "config", "clock", "disk", "measured", "inventory"] as const;
export type DriftKind = (typeof driftKinds)[number];

export const driftSchema = z.object({
  kind: z.enum(driftKinds),
  /** For people. */
  text: z.string(),
  /** Since when, as far as is known, by the clock of control. */
  since: z.string(),
  /** By how much its clock is ahead of what it should be (behind, if negative), where that is what is wrong. */
  offMs: z.number().optional(),
  /** It holds back secrets and what is new because of it. */
  held: z.boolean().optional(),
});
export type Drift = z.infer<typeof driftSchema>;
