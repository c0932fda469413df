/** The node's own key for what it notes of its program: what was adopted, and what it made of it itself. In the clear unless the node's secrets are sealed. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { z } from "zod";
import { readSecretFile } from "../secret-file.ts";

export const keyPath = (folder: string): string => join(folder, "measure-key.json");
const keySchema = z.strictObject({ key: z.base64().length(44) });

/** Undefined where there is none. `HOLON_MEASURE_BAD` where it is none. */
export async function readKey(folder: string): Promise<z.infer<typeof keySchema> | undefined> {
  try {
    return await readSecretFile(keyPath(folder), keySchema);
  } catch (error) {
    const { code, message } = toHolonError(error);
    throw code === "HOLON_CONFIG_BAD" ? new HolonError("HOLON_MEASURE_BAD", message, { cause: error }) : error;
  }
}

export const macOf = (key: string, content: unknown): Buffer => createHmac("sha256", Buffer.from(key, "base64")).update(canonicalJson(content)).digest();
