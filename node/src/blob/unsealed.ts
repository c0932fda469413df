/** A file of an app as it is to run: opened first where its publisher sealed it. The plain file is in memory alone. */
import { HolonError } from "@holon/core/errors.ts";
import type { Seals } from "@holon/core/ports.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { sealedAs } from "@holon/core/seal/names.ts";

export async function unsealed(bytes: Uint8Array, app: AppDocument, kind: "function" | "model", name: string, seals: Seals | undefined): Promise<Uint8Array> {
  if (app.sealTo === undefined) return bytes;
  if (seals === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `${app.name} is sealed to ${app.sealTo.join(", ")}, and this node can open nothing that is sealed`);
  return seals.open(bytes, sealedAs(app, kind, name));
}
