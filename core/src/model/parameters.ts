/** The parameter blob: what was fitted, and where it came from, in one safetensors file. */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import type { FittedParameters } from "../ports.ts";
import { producers } from "./grant.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** Where parameters came from. All values are text, as the format's metadata wants. */
export const provenanceSchema = z.strictObject({
  /** Shipped with the app, fitted on a node, or the result of a federation round. */
  producer: z.enum(producers),
  /** Node that fitted them, where one did. */
  node: z.string().max(63).optional(),
  /** `app/function` that fitted them. */
  unit: z.string().max(256).optional(),
  model: z.string().min(1).max(256),
  subject: z.string().max(256),
  note: z.string().max(1024),
  /** SHA-256 of the graph that they are for. */
  graph: z.string().max(64).optional(),
  /** The window of inputs: all that the function was handed behind the record `fittedAfter` (the end of the window before; from the first on, where there was none) … */
  fittedAfter: z.string().max(256).optional(),
  /** … through this one (or the hash of the data). */
  fittedFrom: z.string().max(256).optional(),
  /** Of chance: the file's hash, by which it goes with its unit, says nothing of what is in it. */
  salt: z.string().max(64).optional(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** `model`, `subject` and `note` are taken from the parameters themselves. */
export function encodeParameters(fitted: FittedParameters, origin: Omit<Provenance, "model" | "subject" | "note">): Uint8Array {
  const metadata: [string, string][] = [["model", fitted.model], ["subject", fitted.subject], ["note", fitted.note]];
  for (const [key, value] of Object.entries(origin)) if (value !== undefined) metadata.push([key, value]);
  return encodeSafetensors({ tensors: fitted.parameters, metadata: Object.fromEntries(metadata) });
}

/** `HOLON_BLOB_BAD` where the file or its provenance does not parse. */
export function decodeParameters(bytes: Uint8Array, name: string): { readonly fitted: FittedParameters; readonly provenance: Provenance } {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  const parsed = provenanceSchema.safeParse(metadata);
  if (!parsed.success) {
    throw new HolonError("HOLON_BLOB_BAD", `parameters ${name} carry no provenance: ${parsed.error.issues[0]?.path.join(".") ?? ""}`, { cause: parsed.error });
  }
  const { model, subject, note } = parsed.data;
  return { fitted: { model, subject, parameters: tensors, note }, provenance: parsed.data };
}

/** Whether a file, of which this is how it begins, is parameters that a node fitted: not one that its publisher shipped, nor anything else. */
export function isOfNode(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(8));
  return text.startsWith('{"__metadata__":{') && text.includes('"producer":"node"'); // within a text its quotes would be escaped
}
