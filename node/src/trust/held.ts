/** What this node has verified of a repository, as a cell: the files by name, in blobs, and under which pinned root. */
import { parseJson } from "@holon/core/link/frame.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { SignedRepository } from "@holon/core/ports.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import { signatureFilesSchema } from "@holon/core/schema/signatures.ts";
import { z } from "zod";

export const heldCell = (repository: SignedRepository): string => `trust/${repository}`;
/** The desired document of this node that was verified last. */
export const verifiedCell = "trust/verified";

/** The policy that control signed for this node last, or that it signed that there is none; not there before it has signed any. */
const policyCell = "trust/policy";
const signedPolicySchema = z.strictObject({ policy: desiredSchema.shape.policy });
type SignedPolicy = z.infer<typeof signedPolicySchema>;

const heldSchema = z.strictObject({
  /** The root from which it began. */
  pin: blobHashSchema,
  files: signatureFilesSchema,
  version: z.int().min(0),
  expiresMs: z.number(),
});
export type Held = z.infer<typeof heldSchema>;

export function readHeld(log: Log, repository: SignedRepository): Held | undefined {
  const bytes = log.cell(heldCell(repository));
  return bytes && heldSchema.parse(parseJson(bytes));
}

export function readSignedPolicy(log: Pick<Log, "cell">): SignedPolicy | undefined {
  const bytes = log.cell(policyCell);
  return bytes && signedPolicySchema.parse(parseJson(bytes));
}

export const policySigned = (signed: SignedPolicy): CellChange => ({ key: policyCell, value: encoder.encode(canonicalJson(signed)) });

/** The document by which is decided what leaves where signatures are required: the newest under the policy that control signed last; where it signed that there is none, or has signed nothing yet, the one whose apps and their rules were verified. */
export function followable(log: Pick<Log, "cell">, newest: Desired | undefined): Desired | undefined {
  const signed = readSignedPolicy(log);
  if (newest === undefined) return undefined;
  if (signed?.policy !== undefined) return { ...newest, policy: signed.policy };
  const verified = readVerified(log);
  if (verified === undefined || signed === undefined) return verified;
  const { policy: _, ...rest } = verified;
  return rest;
}

/** The document of this node that was verified last. */
export function readVerified(log: Pick<Log, "cell">): Desired | undefined {
  const bytes = log.cell(verifiedCell);
  return bytes && desiredSchema.parse(parseJson(bytes));
}

const encoder = new TextEncoder();

export const cellOf = (held: Held): Uint8Array => encoder.encode(canonicalJson(held));
