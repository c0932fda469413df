/** Signs a publication with a publisher's keys. */
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { SignedTarget } from "@holon/core/ports.ts";
import { documentTarget, fileTargets } from "@holon/core/trust/targets.ts";
import { metadataOf, signTargets } from "@holon/platform/publisher.ts";
import type { Publication } from "./publish.ts";

export interface SigningOptions {
  readonly publisher?: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

/** All metadata of the publisher, with this app signed. `HOLON_SIGNATURE_UNMET`. */
export async function signPublication(publisher: string, publication: Publication, options: { readonly passphrase?: string | undefined; readonly keep?: boolean; readonly days?: number }): Promise<ReadonlyMap<string, Uint8Array>> {
  const { keep = false, ...rest } = options;
  await signTargets(publisher, { name: publication.document.name, targets: targetsOf(publication), keep }, { ...rest, nowMs: Date.now() });
  return metadataOf(publisher);
}

function targetsOf({ document, blobs }: Publication): ReadonlyMap<string, SignedTarget> {
  const whole = Buffer.from(canonicalJson(document));
  const targets = new Map<string, SignedTarget>([[documentTarget(document), { hash: createHash("sha256").update(whole).digest("hex"), lengthBytes: whole.length }]]);
  for (const [target, hash] of fileTargets(document)) {
    const content = blobs.get(hash);
    if (content === undefined) throw new HolonError("HOLON_INTERNAL", `app ${document.name}: ${target} has no content to sign`);
    targets.set(target, { hash, lengthBytes: content.length });
  }
  return targets;
}

/** Without the line's end that editors put there. */
export async function readPassphrase(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `the passphrase file ${path} cannot be read`, { cause });
  });
  const passphrase = text.replace(/\r?\n$/, "");
  if (passphrase === "") throw new HolonError("HOLON_ARGUMENT_BAD", `the passphrase file ${path} is empty`);
  return passphrase;
}
