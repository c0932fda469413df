/**
 * What this node may run: what its publisher signed and the control plane chose for it, both, with the same hash and length; and by which policy it decides.
 *
 *     desired ─▶ metadata of both, as blobs ─▶ Trust port ─▶ every document and file of it ─▶ one append: metadata and document are verified
 *
 * What was verified is on disk as it was: it runs again after any power cut, with any clock, without a link, and without a look at metadata.
 */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Clock, Crypto, SignedRepository, SignedTarget, Trust } from "@holon/core/ports.ts";
import { appDocumentSchema, blobHashSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { PolicyDocument } from "@holon/core/schema/policy.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import { changeOf } from "@holon/core/trust/part-of.ts";
import { directorTarget, documentTarget, fileTargets, noPolicy, policyTarget } from "@holon/core/trust/targets.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";
import type { BlobStore } from "../blob/store.ts";
import { cellOf, followable, heldCell, policySigned, readHeld, readSignedPolicy, readVerified, verifiedCell, type Held } from "./held.ts";

export interface VerifierContext {
  readonly config: Pick<NodeConfig, "signatures">;
  readonly log: Log;
  readonly blobs: BlobStore;
  readonly ports: { readonly clock: Clock; readonly crypto: Pick<Crypto, "sha256">; readonly trust?: Trust };
  /** Brings a blob here, from the parent if need be. */
  fetch(hash: BlobHash): Promise<void>;
}

export interface SignatureStatus {
  readonly required: boolean;
  /** Versions of what was verified last, 0 where nothing was. */
  readonly images: number;
  readonly director: number;
  /** Whether what was verified last is still in its time; unknown without a clock that can be trusted. */
  readonly freshness: "fresh" | "stale" | "unknown";
}

export interface Verifier {
  /** Resolves when all that the document names is verified and that is on disk. `HOLON_SIGNATURE_…`, and what fetching may raise. */
  admit(desired: Desired): Promise<void>;
  /** Resolves when it is known that control signed the document's policy for this node; what was signed before is followed until then. `HOLON_SIGNATURE_…`. */
  admitPolicy(desired: Desired): Promise<void>;
  /** The document that was verified last. */
  verified(): Desired | undefined;
  /** The document by which is decided what leaves, of the newest that has come; undefined where none may say so yet. */
  followable(newest: Desired | undefined): Desired | undefined;
  status(): SignatureStatus;
}

export async function openVerifier(context: VerifierContext): Promise<Verifier> {
  const { config, log, blobs, ports } = context;
  const { trust, clock } = ports;
  let required = false;

  /** A root that is pinned while the node runs counts from its next document on. */
  async function isRequired(): Promise<boolean> {
    required ||= config.signatures === "required" || (config.signatures !== "optional" && (readHeld(log, "images") ?? (await trust?.pinned("images"))) !== undefined);
    return required;
  }

  async function admit(desired: Desired): Promise<void> {
    if (!(await isRequired())) return;
    if (trust === undefined) throw missing("no root of a publisher is pinned on this node, and `signatures` is `required`");
    const bytes = encoder.encode(canonicalJson(desired));
    if (isSame(log.cell(verifiedCell), bytes)) return;
    if (desired.apps.length > 0) await verifyAll(trust, desired);
    await log.append({ cells: [{ key: verifiedCell, value: bytes }] });
  }

  async function admitPolicy(desired: Desired): Promise<void> {
    if (trust === undefined || !(await isRequired()) || isSame(log.cell(verifiedCell), encoder.encode(canonicalJson(desired)))) return;
    const held = readSignedPolicy(log);
    const { policy, signatures, version, node } = desired;
    if (signatures === undefined) {
      if (held?.policy?.hash !== policy?.hash) throw missing(`the policy of desired document ${version} comes without signatures`);
      return;
    }
    const target = directorTarget(node, policyTarget);
    const signed = (await adopt(trust, "director", signatures.director, { node, targets: [] })).get(target);
    if (signed?.hash !== (policy?.hash ?? noPolicy.hash)) throw mixed(`the policy of desired document ${version} is not the one that the control plane signed for ${node}`);
    if (policy !== undefined) requireText(policy, signed, version);
    const isNews = held === undefined || canonicalJson(held.policy ?? null) !== canonicalJson(policy ?? null);
    if (isNews) await log.append({ cells: [policySigned(policy === undefined ? {} : { policy })] });
  }

  /** What is kept as signed is what was signed, and not what a document says of itself. */
  function requireText({ text, hash }: PolicyDocument, signed: SignedTarget, version: number): void {
    const bytes = encoder.encode(text);
    const actual = toHex(ports.crypto.sha256(bytes));
    if (actual !== hash || bytes.length !== signed.lengthBytes) throw mixed(`the policy of desired document ${version} has the hash ${actual} and ${bytes.length} bytes, and came as ${hash}`);
  }

  async function verifyAll(port: Trust, desired: Desired): Promise<void> {
    const { signatures } = desired;
    if (signatures === undefined) throw missing(`desired document ${desired.version} of ${desired.node} comes without signatures`);
    const targets = desired.apps.flatMap((app) => [documentTarget(app), ...fileTargets(app).map(([target]) => target)]);
    const { node } = desired;
    const images = await adopt(port, "images", signatures.images, { node, targets });
    const director = await adopt(port, "director", signatures.director, { node, targets: targets.map((target) => directorTarget(node, target)) });
    const signed = (target: string): SignedTarget => agreed(target, images.get(target), director.get(directorTarget(node, target)), node);
    for (const app of desired.apps) await verifyApp(app, signed);
  }

  /**
   * What is verified is kept, whatever else is wrong: a root that was left behind never comes back. But for what the director signed for another node: each has versions of its own, and those of one that is
   * ahead would keep all out that is signed for this one. By the policy, or that there is none, which control signs for each node, it is told for whom metadata are.
   */
  async function adopt(port: Trust, repository: SignedRepository, files: SignatureFiles, { node, targets }: { readonly node: string; readonly targets: readonly string[] }): Promise<ReadonlyMap<string, SignedTarget>> {
    const held = await heldOf(port, repository, files);
    const trusted = new Map<string, Uint8Array>();
    for (const [name, hash] of Object.entries(held.files)) trusted.set(name, await content(hash));
    const wall = clock.wall();
    const isNews = files["timestamp.json"] !== held.files["timestamp.json"];
    const mark = directorTarget(node, policyTarget);
    const answer = await port.verify({
      trusted,
      targets: repository === "director" ? [mark, ...targets] : targets,
      atMs: isNews && wall.state === "synced" ? wall.ms : undefined,
      fetch: async (file, bytesMax) => {
        const hash = files[file];
        if (hash === undefined) return undefined;
        const bytes = await content(hash);
        return bytes.subarray(0, bytesMax + 1);
      },
    });
    const isForUs = repository === "images" || answer.targets.has(mark);
    const kept: Record<string, BlobHash> = isForUs ? {} : { ...held.files };
    for (const [name, bytes] of answer.trusted) if (isForUs || name === "root.json") kept[name] = await blobs.put(bytes);
    const { version, expiresMs } = isForUs ? answer : held;
    await keep(repository, { pin: held.pin, files: kept, version, expiresMs });
    if (answer.problem !== undefined) throw new HolonError(answer.problem.code, `${repository}: ${answer.problem.message}`, { cause: answer.problem });
    if (!isForUs) throw missing(`director: what was signed names no policy of ${node}, as all does that the control plane signs for it`);
    return answer.targets;
  }

  async function keep(repository: SignedRepository, held: Held): Promise<void> {
    const value = cellOf(held);
    if (!isSame(log.cell(heldCell(repository)), value)) await log.append({ cells: [{ key: heldCell(repository), value }] });
  }

  /** What was verified before under the same pinned root. Of the director the first root that comes is taken, where none was pinned: the publisher's is what guards. */
  async function heldOf(port: Trust, repository: SignedRepository, files: SignatureFiles): Promise<Held> {
    const held = readHeld(log, repository);
    const pinned = await port.pinned(repository);
    if (pinned === undefined && held !== undefined) return held;
    const first = repository === "director" ? files["1.root.json"] : undefined;
    const pin = pinned === undefined ? first : await blobs.put(pinned);
    if (pin === undefined) throw missing(`no root of ${repository} is pinned on this node`);
    return held?.pin === pin ? held : { pin, files: { "root.json": pin }, version: 0, expiresMs: 0 };
  }

  async function content(hash: BlobHash): Promise<Uint8Array> {
    if (!(await blobs.has(hash))) await context.fetch(hash);
    const piece = await blobs.piece(hash, 0, 0);
    if (piece === undefined || piece.sizeBytes > limits.signatureFileBytesMax) throw new HolonError("HOLON_SIGNATURE_BAD", `metadata ${hash} are longer than ${limits.signatureFileBytesMax} bytes`);
    return blobs.read(hash);
  }

  async function verifyApp(app: AppDocument, signed: (target: string) => SignedTarget): Promise<void> {
    const target = documentTarget(app);
    const whole = await wholeOf(target, signed(target));
    const change = changeOf(app, whole);
    if (change !== undefined) throw mixed(`app ${app.name}: ${change} is not what its publisher signed as ${target}`);
    for (const [name, hash] of fileTargets(app)) await verifyFile(name, hash, signed(name));
  }

  async function wholeOf(target: string, signed: SignedTarget): Promise<AppDocument> {
    const hash = blobHashSchema.parse(signed.hash);
    await verifyFile(target, hash, signed);
    const parsed = appDocumentSchema.safeParse(parseJson(await blobs.read(hash)));
    if (!parsed.success) throw new HolonError("HOLON_SIGNATURE_BAD", `${target} is signed and no app document: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  }

  async function verifyFile(target: string, hash: BlobHash, signed: SignedTarget): Promise<void> {
    if (signed.hash !== hash) throw mixed(`${target} is signed with the hash ${signed.hash}, and ${hash} is to run`);
    if (!(await blobs.has(hash))) await context.fetch(hash);
    const piece = await blobs.piece(hash, 0, 0);
    if (piece?.sizeBytes !== signed.lengthBytes) throw mixed(`${target} is signed with ${signed.lengthBytes} bytes, and has ${piece?.sizeBytes ?? 0}`);
  }

  await isRequired();
  return {
    admit,
    admitPolicy,
    verified: () => readVerified(log),
    followable: (newest) => (required ? followable(log, newest) : newest),
    status() {
      const [images, director] = [readHeld(log, "images"), readHeld(log, "director")];
      return { required, images: images?.version ?? 0, director: director?.version ?? 0, freshness: freshnessOf(images, clock.wall()) };
    },
  };
}

function freshnessOf(images: Held | undefined, { ms, state }: ReturnType<Clock["wall"]>): SignatureStatus["freshness"] {
  if (state !== "synced" || images === undefined || images.version === 0) return "unknown";
  return ms < images.expiresMs ? "fresh" : "stale";
}

function agreed(target: string, images: SignedTarget | undefined, director: SignedTarget | undefined, node: string): SignedTarget {
  if (images === undefined) throw missing(`${target} is not signed by its publisher`);
  if (director === undefined) throw missing(`${target} is not signed by the control plane for ${node}`);
  if (images.hash !== director.hash || images.lengthBytes !== director.lengthBytes) throw mixed(`${target} is signed with another hash or length by its publisher than by the control plane`);
  return images;
}

const missing = (message: string): HolonError => new HolonError("HOLON_SIGNATURE_MISSING", message);
const mixed = (message: string): HolonError => new HolonError("HOLON_SIGNATURE_MIXED", message);
const encoder = new TextEncoder();
const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);
