/** An exported app in a folder: `app.json`, and its blobs by hash. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { blobsOf } from "@holon/core/export/export.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { Control } from "@holon/control/index.ts";
import type { Publication } from "./publish.ts";

/** `HOLON_APP_BAD`, `HOLON_BLOB_BAD`. */
export async function readBundle(folder: string): Promise<Publication> {
  const read = (path: string): Promise<Buffer> =>
    readFile(path).catch((cause: unknown) => {
      throw new HolonError("HOLON_APP_BAD", `${path} cannot be read`, { cause, next: "Give the folder `app` that `holon app export` wrote." });
    });
  const parsed = appDocumentSchema.safeParse(jsonOf(await read(join(folder, "app.json")), folder));
  if (!parsed.success) throw new HolonError("HOLON_APP_BAD", `${folder}/app.json does not fit: ${parsed.error.issues[0]?.message ?? ""}`, { cause: parsed.error });
  const blobs = new Map<string, Uint8Array>();
  for (const hash of blobsOf(parsed.data)) {
    const content = await read(join(folder, "blobs", hash));
    if (createHash("sha256").update(content).digest("hex") !== hash) throw new HolonError("HOLON_BLOB_BAD", `${folder}/blobs/${hash} has another content than its name says`, { next: "Export the app again." });
    blobs.set(hash, new Uint8Array(content));
  }
  return { document: parsed.data, blobs };
}

/** On the control plane in this process. The same app again is no change. */
export async function deployBundle(control: Control | undefined, { document, blobs }: Publication): Promise<void> {
  if (control === undefined) throw new HolonError("HOLON_CONFIG_BAD", "a node that is to run an exported app decides by itself", { next: "Set `control: true` in its holon.node.yaml, or deploy the app with `holon app deploy`." });
  const known = control.apps().find((app) => app.document.name === document.name);
  if (known !== undefined && canonicalJson(known.document) === canonicalJson(document)) return;
  for (const content of blobs.values()) await control.blobs.put(content);
  await control.deploy(document);
}

function jsonOf(bytes: Uint8Array, folder: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new HolonError("HOLON_APP_BAD", `${folder}/app.json is no JSON`, { cause });
  }
}
