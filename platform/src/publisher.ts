/**
 * A publisher: a folder with keys and the metadata that they have signed. It never goes to a control plane; only the metadata do.
 *
 *     publisher.json   who may sign, and how many must     keys/      one file a key; some may be on other machines
 *     metadata/        what is served, all roots included   pending/   what waits for more signatures: targets, the next root
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { SignedTarget } from "@holon/core/ports.ts";
import { dayMs, defaultDays, demandPublisher, keysMax, newestTargets, readBytes, readIfThere, readPublisher, renew, rootPath, shortIds, type PublisherDescription, type PublisherOptions } from "./publisher/folder.ts";
import { createKey, openKeys } from "./publisher/keys.ts";
import { settleRoot, signedRoot, signRoot, waitingRootOf, type WaitingRoot } from "./publisher/root.ts";
import { writeWhole } from "./whole-file.ts";
import { writeSecretFile } from "./secret-file.ts";
import { describeFile, isSigned, makeTargets, provedSigners, signFile, targetsOf, type SigningKey } from "./trust/tuf-repository.ts";

/** Targets are signed by hand, and say so for long; snapshot and timestamp are made anew with each signing. */
const targetsMs = 3_650 * dayMs;

/** Makes keys, and the root that nodes pin. `HOLON_ARGUMENT_BAD` if there is a publisher already. */
export async function createPublisher(folder: string, { keys, threshold, ...options }: PublisherOptions & { readonly keys: number; readonly threshold: number }): Promise<PublisherDescription> {
  if ((await readPublisher(folder)) !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is a publisher's folder already`, { next: "Name another folder." });
  if (!(Number.isInteger(keys) && Number.isInteger(threshold) && threshold >= 1 && keys >= threshold && keys <= keysMax)) throw new HolonError("HOLON_ARGUMENT_BAD", `${threshold} of ${keys} keys cannot be`, { next: `Name as many keys as must sign, or more, up to ${keysMax}.` });
  await makeFolders(folder);
  const offline: SigningKey[] = [];
  for (let count = 0; count < keys; count++) offline.push(await createKey(join(folder, "keys"), options.passphrase));
  const online = await createKey(join(folder, "keys"), options.passphrase);
  const description = { offline: offline.map((key) => key.public), threshold, online: online.public, rootVersion: 1 };
  await writeWhole(rootPath(folder, 1), await signedRoot(description, offline, options.nowMs), 0o644);
  await renew(folder, await makeSignedTargets(1, new Map(), offline, options), [online], options);
  return writeSecretFile(join(folder, "publisher.json"), description);
}

/** The root that nodes pin: the first. */
export const rootOf = (folder: string): Promise<Uint8Array> => readBytes(join(folder, "metadata", "1.root.json"));

/** All files of metadata, as they are served. */
export async function metadataOf(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await readdir(join(folder, "metadata"))).sort()) if (name.endsWith(".json")) files.set(name, await readBytes(join(folder, "metadata", name)));
  return files;
}

/**
 * Signs targets of an app in place of all it had, or beside them with `keep`; without targets signs what waits, and makes the rest fresh.
 * `HOLON_SIGNATURE_UNMET` where more keys must sign: what is signed so far waits in the folder. `HOLON_SIGNATURE_MIXED` where what waits was altered since it was signed: it may have come over any medium.
 */
export async function signTargets(folder: string, app: { readonly name: string; readonly targets: ReadonlyMap<string, SignedTarget>; readonly keep: boolean } | undefined, options: PublisherOptions): Promise<void> {
  await settleRoot(folder, options);
  const publisher = await demandPublisher(folder);
  const keys = await openKeys(join(folder, "keys"), publisher.offline, options.passphrase);
  const newest = await newestTargets(folder);
  const pending = await readPending(folder);
  const wanted = app === undefined ? undefined : withApp(newest?.targets ?? new Map(), app);
  if (wanted !== undefined && newest !== undefined && isSame(wanted, newest.targets) && (await isFresh(folder, publisher, options))) return;
  if (wanted !== undefined && newest !== undefined && isSame(wanted, newest.targets)) return finish(folder, publisher, newest.bytes, options);
  const isMeant = pending !== undefined && wanted !== undefined && isSame(wanted, targetsOf(pending)) && describeFile(pending).version === (newest?.version ?? 0) + 1 && (await whoSigned(folder, publisher, pending)).broken.length === 0;
  if (wanted !== undefined && !isMeant) {
    return finish(folder, publisher, await makeSignedTargets((newest?.version ?? 0) + 1, wanted, keys, options), options);
  }
  if (pending !== undefined) {
    if (!isMeant) await requireSigned(folder, publisher, pending);
    return finish(folder, publisher, await signFile(pending, keys), options);
  }
  if (newest !== undefined) return finish(folder, publisher, newest.bytes, options);
}

/**
 * Signs all that waits, targets and the next root, and makes the rest fresh where nothing does. `seen` is told what the root changes before it is signed.
 * As `signTargets`, and as `signRoot`.
 */
export async function signWaiting(folder: string, { seen, ...options }: PublisherOptions & { readonly seen?: (waiting: WaitingRoot) => void }): Promise<void> {
  await settleRoot(folder, options);
  if ((await waitingRootOf(folder)) === undefined) return signTargets(folder, undefined, options);
  // Targets first: those that are completed now are signed for under the next root in the same step.
  if ((await readPending(folder)) !== undefined) {
    await signTargets(folder, undefined, options).catch((error: unknown) => {
      if (!(error instanceof HolonError && error.code === "HOLON_SIGNATURE_UNMET")) throw error; // they wait on, and are told of once the root is through
    });
  }
  await signRoot(folder, { ...options, seen });
  if ((await readPending(folder)) !== undefined) await signTargets(folder, undefined, options);
}

/** Who signs what waits signs what another has seen. `HOLON_SIGNATURE_MIXED`, `HOLON_SIGNATURE_UNMET`. */
async function requireSigned(folder: string, publisher: PublisherDescription, pending: Uint8Array): Promise<void> {
  const { holds, broken } = await whoSigned(folder, publisher, pending);
  if (broken.length === 0 && holds.length > 0) return;
  const why = broken.length > 0 ? `the signature of ${shortIds(broken)} does not hold: it was altered since` : "nobody who may has signed it";
  throw new HolonError(broken.length > 0 ? "HOLON_SIGNATURE_MIXED" : "HOLON_SIGNATURE_UNMET", `${folder}: what waits in pending/ gets no signature here: ${why}`, { next: "Have who began it bring pending/ again, and ask how it came here; or sign what you see yourself: `holon publisher sign` with `--app` or `--withdraw`." });
}

const whoSigned = async (folder: string, { rootVersion }: PublisherDescription, targets: Uint8Array): ReturnType<typeof provedSigners> => provedSigners("targets", targets, await readBytes(rootPath(folder, rootVersion)));

async function finish(folder: string, publisher: PublisherDescription, targets: Uint8Array, options: PublisherOptions): Promise<void> {
  const path = join(folder, "pending", "targets.json");
  const root = await readBytes(rootPath(folder, publisher.rootVersion));
  if (!(await isSigned("targets", targets, root))) {
    await writeWhole(path, targets, 0o644);
    throw stillUnmet(folder, await waitsOf(folder, targets, publisher));
  }
  const online = await openKeys(join(folder, "keys"), [publisher.online], options.passphrase);
  // Who has a key and not the online one has signed all the same: another holder completes it.
  if (online.length === 0 && describeFile(targets).version > ((await newestTargets(folder))?.version ?? 0)) await writeWhole(path, targets, 0o644);
  await renew(folder, targets, online, options);
  // What waits beyond these was not meant: it waits on.
  const pending = await readPending(folder);
  if (pending !== undefined && describeFile(pending).version <= describeFile(targets).version) await rm(path, { force: true });
}

/** Half of its time is left, and the present key has signed it: nodes need nothing newer. What is this folder's own is believed, and nothing that verifies is loaded for it. */
async function isFresh(folder: string, { online }: PublisherDescription, { nowMs, days = defaultDays }: PublisherOptions): Promise<boolean> {
  const { expiresMs, signers } = describeFile(await readBytes(join(folder, "metadata", "timestamp.json")));
  return expiresMs - nowMs > (days * dayMs) / 2 && signers.includes(online.id);
}

const makeSignedTargets = async (version: number, targets: ReadonlyMap<string, SignedTarget>, keys: readonly SigningKey[], { nowMs }: PublisherOptions): Promise<Uint8Array> => signFile(await makeTargets(version, nowMs + targetsMs, targets), keys);

const readPending = (folder: string): Promise<Uint8Array | undefined> => readIfThere(join(folder, "pending", "targets.json"));

function withApp(before: ReadonlyMap<string, SignedTarget>, app: { readonly name: string; readonly targets: ReadonlyMap<string, SignedTarget>; readonly keep: boolean }): ReadonlyMap<string, SignedTarget> {
  const others = [...before].filter(([target]) => app.keep || !target.startsWith(`${app.name}/`));
  return new Map([...others, ...app.targets]);
}

const isSame = (a: ReadonlyMap<string, SignedTarget>, b: ReadonlyMap<string, SignedTarget>): boolean =>
  a.size === b.size && [...a].every(([target, { hash, lengthBytes }]) => b.get(target)?.hash === hash && b.get(target)?.lengthBytes === lengthBytes);

/** Targets that more keys must sign before anybody is served them. */
export interface Waiting {
  readonly version: number;
  readonly threshold: number;
  /** Keys that have signed them, and those that have not. */
  readonly signed: readonly string[];
  readonly missing: readonly string[];
  /** Versions of apps that come, go or become others with them. */
  readonly changes: readonly string[];
}

/** Undefined where nothing waits. */
export async function waitingOf(folder: string): Promise<Waiting | undefined> {
  const publisher = await demandPublisher(folder);
  const pending = await readPending(folder);
  return pending && waitsOf(folder, pending, publisher);
}

/** Whoever signed and is no holder any more counts no more, nor does a signature that does not hold. */
async function waitsOf(folder: string, targets: Uint8Array, publisher: PublisherDescription): Promise<Waiting> {
  const { holds } = await whoSigned(folder, publisher, targets);
  const ids = publisher.offline.map(({ id }) => id);
  const [before, after] = [(await newestTargets(folder))?.targets ?? new Map<string, SignedTarget>(), targetsOf(targets)];
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((target) => before.get(target)?.hash !== after.get(target)?.hash);
  const changes = [...new Set(changed.map((target) => target.split("/").slice(0, 2).join("/")))].toSorted();
  return { version: describeFile(targets).version, threshold: publisher.threshold, signed: ids.filter((id) => holds.includes(id)), missing: ids.filter((id) => !holds.includes(id)), changes };
}

/** How many of how many, and whose. */
export const waitingText = ({ version, threshold, signed, missing, changes }: Waiting): string => `targets ${version}${changes.length === 0 ? "" : `, by which ${changes.slice(0, toldMax).join(", ")}${changes.length > toldMax ? ` and ${changes.length - toldMax} more` : ""} changes,`} has ${signed.length} of ${threshold} signatures${signed.length === 0 ? "" : ` (${shortIds(signed)})`}: it lacks ${Math.max(1, threshold - signed.length)} more of ${shortIds(missing)}`;

const toldMax = 8;

const stillUnmet = (folder: string, waiting: Waiting): HolonError =>
  new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: ${waitingText(waiting)}`, { next: "Carry pending/ of this folder to who holds one of those, and run `holon publisher sign` there; or here, with the passphrase that opens it. Until then what was signed before is served, and runs." });

async function makeFolders(folder: string): Promise<void> {
  for (const name of ["keys", "metadata", "pending"]) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
}

