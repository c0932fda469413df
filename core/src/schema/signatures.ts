/** Where signed metadata are: the files of each repository by name, as blobs. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { blobHashSchema } from "./app.ts";

/** `timestamp.json`, `2.root.json`, `5.targets.json`: names as The Update Framework has them. */
const fileNameSchema = z.string().max(256).regex(/^(?:\d+\.)?[\w%.-]+\.json$/, "a name of a metadata file");

export const signatureFilesSchema = z
  .record(fileNameSchema, blobHashSchema)
  .refine((files) => Object.keys(files).length <= limits.signatureFilesMax, `at most ${limits.signatureFilesMax} files`);
export type SignatureFiles = z.infer<typeof signatureFilesSchema>;

export const signaturesSchema = z.strictObject({
  /** The publisher's. */
  images: signatureFilesSchema,
  /** The control plane's, for this node alone. */
  director: signatureFilesSchema,
});
export type Signatures = z.infer<typeof signaturesSchema>;
