/** What this node has verified of a repository, as a cell: the files by name, in blobs, and under which pinned root. */
import { parseJson } from "@holon/core/link/frame.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { SignedRepository } from "@holon/core/ports.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import { signatureFilesSchema } from "@holon/core/schema/signatures.ts";
import { z } from "zod";

export const heldCell = (repository: SignedRepository): string => `trust/${repository}`;
/** The desired document of this node that was verified last. */
export const verifiedCell = "trust/verified";

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

export const cellOf = (held: Held): Uint8Array => new TextEncoder().encode(canonicalJson(held));
