/** The desired document: one per node, versioned; state, not commands. A node needs only the newest. */
import { toHex } from "../log/hex.ts";
import { z } from "zod";
import { appDocumentSchema, nameSchema } from "./app.ts";
import { delegationSchema } from "./delegation.ts";
import { shiftSchema } from "./energy.ts";
import { movingSchema } from "./moving.ts";
import { signaturesSchema } from "./signatures.ts";
import { policyDocumentSchema } from "./policy.ts";

export const desiredSchema = z.strictObject({
  apiVersion: z.literal("holon/v1"),
  kind: z.literal("Desired"),
  node: nameSchema,
  /** Rises by one with each change; a node never goes back. */
  version: z.int().min(1),
  /** SHA-256 of the plan it was made from. */
  plan: z.string(),
  /** Apps with only the sources, functions and models that this node is to run. */
  apps: z.array(appDocumentSchema),
  /** Units on their way to this node and from it, and whose records those with sources are handed. */
  moving: movingSchema.optional(),
  /** When the next run of each job here is done. Of a run that stands in none the node chooses by the last curve it knows. */
  shifts: z.record(z.string(), shiftSchema).optional(),
  /** Of models (`app/model`) that ask others, how much is done here: as `here` of a plan's stages. Without it a cascade asks the small one first, and a model is cut behind its head. */
  stages: z.record(z.string(), z.int().min(0)).optional(),
  /** Models (`app/model`) that stand here for what is in front of them alone, and answer nobody. */
  spare: z.array(z.string()).optional(),
  /** Of `apps`, the units that run only while the lead of the site lets this node run them. */
  delegation: delegationSchema.optional(),
  /** What decides here; without it what follows from the `egress` of the apps. */
  policy: policyDocumentSchema.optional(),
  /** Metadata that say that all of it is signed, by its publisher and for this node. */
  signatures: signaturesSchema.optional(),
});

export type Desired = z.infer<typeof desiredSchema>;

/** By which a document is told from another one of its version: how the SHA-256 of its bytes begins. */
export const documentMark = (sha256: Uint8Array): string => toHex(sha256.subarray(0, 8));
