/** What a node pins in the step in which it joins: whoever has control later cannot show it another director's root. */
import { createHash } from "node:crypto";
import type { Issued } from "@holon/core/identity/messages.ts";
import { untrusted } from "./certificate.ts";
import { pinnedPath } from "../trust/tuf.ts";
import { writeWhole } from "../whole-file.ts";

/** Before the certificate is kept, so that no power cut leaves a node that is enrolled and pinned nothing. `HOLON_IDENTITY_UNTRUSTED`. */
export async function pinDirector(folder: string, { director = [] }: Pick<Issued, "director">, expected: string | undefined): Promise<void> {
  if (expected === undefined) return; // of a control plane that signs nothing
  const root = director.find((text) => createHash("sha256").update(text).digest("hex") === expected);
  if (root === undefined) throw untrusted("the director's root is not the one that the token names");
  await writeWhole(pinnedPath(folder, "director"), root, 0o644);
}
