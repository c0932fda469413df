/** Makes the director's metadata for one node: which of what the publisher signed it is to run, and by which policy it is to decide. */
import { canonicalJson } from "@holon/core/json.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Clock, Crypto, Director, SignedTarget } from "@holon/core/ports.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { SignatureFiles, Signatures } from "@holon/core/schema/signatures.ts";
import { directorTarget, documentTarget, fileTargets, noPolicy, policyTarget } from "@holon/core/trust/targets.ts";
import type { BlobHash } from "@holon/core/units.ts";

export interface DirectorContext {
  readonly blobs: { put(content: Uint8Array): Promise<BlobHash>; read(hash: BlobHash): Promise<Uint8Array> };
  /** Sizes of blobs that were looked at before: they never change. */
  readonly sizes: Map<BlobHash, number>;
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto; readonly director?: Director };
}

export interface Choice {
  readonly node: string;
  readonly version: number;
  /** With what the node is to run of each. */
  readonly apps: readonly AppDocument[];
  /** As they were deployed. */
  readonly deployed: ReadonlyMap<string, { readonly document: AppDocument }>;
  readonly images: SignatureFiles;
  readonly policy: { readonly text: string; readonly hash: string } | undefined;
}

const encoder = new TextEncoder();

/** Undefined where this control plane signs nothing. */
export async function directFor(choice: Choice, { blobs, sizes, ports }: DirectorContext): Promise<Signatures | undefined> {
  if (ports.director === undefined) return undefined;
  const { policy } = choice;
  const targets = new Map<string, SignedTarget>([[directorTarget(choice.node, policyTarget), policy === undefined ? noPolicy : { hash: policy.hash, lengthBytes: encoder.encode(policy.text).length }]]);
  const sizeOf = async (hash: BlobHash): Promise<number> => {
    const size = sizes.get(hash) ?? (await blobs.read(hash)).length;
    sizes.set(hash, size);
    return size;
  };
  for (const app of choice.apps) {
    const whole = encoder.encode(canonicalJson(choice.deployed.get(app.name)?.document ?? app));
    await blobs.put(whole);
    targets.set(directorTarget(choice.node, documentTarget(app)), { hash: toHex(ports.crypto.sha256(whole)), lengthBytes: whole.length });
    for (const [target, hash] of fileTargets(app)) targets.set(directorTarget(choice.node, target), { hash, lengthBytes: await sizeOf(hash) });
  }
  const files: Record<string, BlobHash> = {};
  for (const [name, bytes] of await ports.director.sign({ version: choice.version, targets, nowMs: ports.clock.wall().ms })) files[name] = await blobs.put(bytes);
  return { images: choice.images, director: files };
}
