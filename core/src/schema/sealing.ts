/** `sealing` of `holon.node.yaml`: what the secrets of a node are sealed with. */
import { z } from "zod";

const pathSchema = z.string().min(1).max(4_096);

const shape = {
  /** A key file apart from the data, a passphrase in a file that is there at the start, or the machine's TPM 2.0. */
  by: z.enum(["file", "passphrase", "tpm"]),
  /** Of the key file, or of the passphrase's. */
  path: pathSchema.optional(),
  /** How the TPM is reached, as its tools call it; without it the machine's own, `device:/dev/tpmrm0`. */
  tcti: z.string().min(1).max(256).optional(),
};

export const sealingSchema = z.strictObject(shape).refine(({ by, path }) => by !== "passphrase" || path !== undefined, { path: ["path"], error: "a passphrase stands in a file: say where" });

export type Sealing = z.infer<typeof sealingSchema>;
