/**
 * A publisher: a folder with keys and the metadata that they have signed. It never goes to a control plane; only the metadata do.
 *
 *     publisher.json   who may sign, and how many must     keys/      one file a key; some may be on other machines
 *     metadata/        what is served, all roots included   pending/   targets that wait for more signatures
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { SignedTarget } from "@holon/core/ports.ts";
import { z } from "zod";
import { createKey, keyPath, openKeys } from "./publisher/keys.ts";
import { diskError, isErrno } from "./disk/error.ts";
import { writeWhole } from "./whole-file.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "./secret-file.ts";
import { describeFile, isSigned, makeRoot, makeSnapshot, makeTargets, makeTimestamp, provedSigners, rolesOf, signFile, targetsOf, type PublicKey, type SigningKey } from "./trust/tuf-repository.ts";

const day = 86_400_000;
/** Root and targets are signed by hand, and say so for long; snapshot and timestamp are made anew with each signing. */
const rootMs = 3_650 * day;
const targetsMs = 3_650 * day;
export const defaultDays = 365;

const keySchema = z.strictObject({ id: z.string(), hex: z.string() });
const publisherSchema = z.strictObject({ offline: z.array(keySchema).min(1).max(16), threshold: z.int().min(1), online: keySchema, rootVersion: z.int().min(1) });
export type PublisherDescription = z.infer<typeof publisherSchema>;

export interface PublisherOptions {
  readonly passphrase?: string | undefined;
  readonly nowMs: number;
  /** Days after which nodes with a clock adopt none of this any more. */
  readonly days?: number;
}

/** Makes keys, and the root that nodes pin. `HOLON_ARGUMENT_BAD` if there is a publisher already. */
export async function createPublisher(folder: string, { keys, threshold, ...options }: PublisherOptions & { readonly keys: number; readonly threshold: number }): Promise<PublisherDescription> {
  if ((await readPublisher(folder)) !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is a publisher's folder already`, { next: "Name another folder." });
  if (!(Number.isInteger(keys) && Number.isInteger(threshold) && threshold >= 1 && keys >= threshold && keys <= 16)) throw new HolonError("HOLON_ARGUMENT_BAD", `${threshold} of ${keys} keys cannot be`, { next: "Name as many keys as must sign, or more, up to 16." });
  await makeFolders(folder);
  const offline: SigningKey[] = [];
  for (let count = 0; count < keys; count++) offline.push(await createKey(join(folder, "keys"), options.passphrase));
  const online = await createKey(join(folder, "keys"), options.passphrase);
  const description = { offline: offline.map((key) => key.public), threshold, online: online.public, rootVersion: 1 };
  await writeRoot(folder, description, offline, options);
  await renew(folder, await makeSignedTargets(1, new Map(), offline, options), [online], options);
  return writeSecretFile(join(folder, "publisher.json"), description);
}

/** Undefined where the folder is none of a publisher. */
export const readPublisher = (folder: string): Promise<PublisherDescription | undefined> => readSecretFile(join(folder, "publisher.json"), publisherSchema);

/** The root that nodes pin: the first. */
export const rootOf = (folder: string): Promise<Uint8Array> => readBytes(join(folder, "metadata", "1.root.json"));

/** All files of metadata, as they are served. */
export async function metadataOf(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await readdir(join(folder, "metadata"))).sort()) if (name.endsWith(".json")) files.set(name, await readBytes(join(folder, "metadata", name)));
  return files;
}

/** Adds a key: the next root names it, signed by the keys of before and by its own. */
export async function addKey(folder: string, options: PublisherOptions): Promise<PublisherDescription> {
  const before = await demand(folder);
  const held = await openRootKeys(folder, before, options, "add");
  const added = await createKey(join(folder, "keys"), options.passphrase);
  const next = { ...before, offline: [...before.offline, added.public], rootVersion: before.rootVersion + 1 };
  await writeRoot(folder, next, [...held, added], options);
  return writeSecretFile(join(folder, "publisher.json"), next);
}

/**
 * Takes a key out, the threshold staying: what it signed from now on counts no more. Whoever held it held the online key too, without which nothing is completed: that one is made anew.
 */
export async function removeKey(folder: string, id: string, options: PublisherOptions): Promise<PublisherDescription> {
  const before = await demand(folder);
  const offline = before.offline.filter((key) => !key.id.startsWith(id));
  if (offline.length !== before.offline.length - 1 || id === "") throw new HolonError("HOLON_ARGUMENT_BAD", `${id} is the beginning of ${before.offline.length - offline.length} keys, not of one`, { next: "See `holon publisher show`." });
  if (offline.length < before.threshold) throw new HolonError("HOLON_ARGUMENT_BAD", `without it ${offline.length} keys are left, and ${before.threshold} must sign`, { next: "Add a key first." });
  const held = await openRootKeys(folder, before, options, `remove ${id}`);
  const left = held.filter((key) => offline.some(({ id: kept }) => kept === key.public.id));
  // A root is signed by the keys that it names as well: the one that goes counts for the root before alone.
  requireRootKeys(folder, { offline, threshold: before.threshold }, left, `remove ${id}`);
  const next = await withNewOnline(folder, { ...before, offline }, held, options);
  // What the key that went has signed must be signed without it.
  const targets = await newestTargets(folder);
  if (targets !== undefined) await finish(folder, next, await makeSignedTargets(targets.version + 1, targets.targets, left, options), options);
  return next;
}

/**
 * Makes the key of snapshot and timestamp anew, and signs both with it. A node that follows the root forgets the versions that the key of before signed, however high a thief drove them (The Update Framework, section 5.3.11).
 * `HOLON_SIGNATURE_UNMET` where too few keys are here for a root.
 */
export async function rotateOnline(folder: string, options: PublisherOptions): Promise<PublisherDescription> {
  const before = await demand(folder);
  const next = await withNewOnline(folder, before, await openRootKeys(folder, before, options, "rotate"), options);
  const targets = await newestTargets(folder);
  if (targets !== undefined) await finish(folder, next, targets.bytes, options);
  return next;
}

async function withNewOnline(folder: string, before: PublisherDescription, signers: readonly SigningKey[], options: PublisherOptions): Promise<PublisherDescription> {
  const online = (await createKey(join(folder, "keys"), options.passphrase)).public;
  const next = { ...before, online, rootVersion: before.rootVersion + 1 };
  await writeRoot(folder, next, signers, options);
  await writeSecretFile(join(folder, "publisher.json"), next);
  await removeSecretFile(keyPath(join(folder, "keys"), before.online));
  return next;
}

/** A step that makes a root, as it is typed: the command, and what of it is not the folder. */
type RootStep = "add" | "rotate" | `remove ${string}`;

/** Those that sign the next root: as many as must, since a root waits for nobody. */
async function openRootKeys(folder: string, publisher: PublisherDescription, { passphrase }: PublisherOptions, step: RootStep): Promise<readonly SigningKey[]> {
  await requireTrue(folder, publisher);
  const held = await openKeys(join(folder, "keys"), publisher.offline, passphrase);
  requireRootKeys(folder, publisher, held, step);
  return held;
}

/** The next root names who is named here: publisher.json goes from holder to holder and is signed by nobody, the roots beside it are. `HOLON_SIGNATURE_MIXED`. */
async function requireTrue(folder: string, { offline, threshold, online, rootVersion }: PublisherDescription): Promise<void> {
  const bad = (what: string): HolonError => new HolonError("HOLON_SIGNATURE_MIXED", `${folder}: ${what}; no root is made of it`, { next: "Compare this folder with another holder's: somebody changed it, or it was copied in part. Bring metadata/ and publisher.json from a holder whom you trust." });
  const rootAt = (version: number): Promise<Uint8Array> => readBytes(join(folder, "metadata", `${version}.root.json`));
  const root = await rootAt(rootVersion);
  const told = rolesOf(root);
  const print = (keys: readonly PublicKey[], count: number): string => `${count} ${keys.map(({ id, hex }) => `${id} ${hex}`).toSorted().join()}`;
  const isSame = [told.root, told.targets].every((role) => print(role.keys, role.threshold) === print(offline, threshold)) && [told.snapshot, told.timestamp].every((role) => print(role.keys, role.threshold) === print([online], 1));
  if (!isSame) throw bad(`publisher.json does not say what root ${rootVersion} says of who signs`);
  for (const by of rootVersion === 1 ? [root] : [root, await rootAt(rootVersion - 1)]) if (!(await isSigned("root", root, by))) throw bad(`${rootVersion}.root.json is not signed by as many of its keys as must, and of those before it`);
}

function requireRootKeys(folder: string, { offline, threshold }: Pick<PublisherDescription, "offline" | "threshold">, held: readonly SigningKey[], step: RootStep): void {
  if (held.length >= threshold) return;
  const here = held.map(({ public: { id } }) => id);
  const away = offline.map(({ id }) => id).filter((id) => !here.includes(id));
  throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: the next root takes ${threshold} of its keys at once, and ${here.length === 0 ? "none is" : `${namesOf(here)} alone ${here.length === 1 ? "is" : "are"}`} here or opened by the passphrase; nothing was changed`, {
    next: `Bring ${threshold - here.length} more of ${namesOf(away)} together in keys/ of this folder, for this step, with the passphrase that opens them, and run \`holon publisher ${step.replace(/^\w+/, (verb) => `${verb} ${folder}`)}\` again; then take out of keys/ what was brought. What runs goes on by the root of before.`,
  });
}

/**
 * Signs targets of an app in place of all it had, or beside them with `keep`; without targets signs what waits, and makes the rest fresh.
 * `HOLON_SIGNATURE_UNMET` where more keys must sign: what is signed so far waits in the folder. `HOLON_SIGNATURE_MIXED` where what waits was altered since it was signed: it may have come over any medium.
 */
export async function signTargets(folder: string, app: { readonly name: string; readonly targets: ReadonlyMap<string, SignedTarget>; readonly keep: boolean } | undefined, options: PublisherOptions): Promise<void> {
  const publisher = await demand(folder);
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

/** Who signs what waits signs what another has seen. `HOLON_SIGNATURE_MIXED`, `HOLON_SIGNATURE_UNMET`. */
async function requireSigned(folder: string, publisher: PublisherDescription, pending: Uint8Array): Promise<void> {
  const { holds, broken } = await whoSigned(folder, publisher, pending);
  if (broken.length === 0 && holds.length > 0) return;
  const why = broken.length > 0 ? `the signature of ${namesOf(broken)} does not hold: it was altered since` : "nobody who may has signed it";
  throw new HolonError(broken.length > 0 ? "HOLON_SIGNATURE_MIXED" : "HOLON_SIGNATURE_UNMET", `${folder}: what waits in pending/ gets no signature here: ${why}`, { next: "Have who began it bring pending/ again, and ask how it came here; or sign what you see yourself: `holon publisher sign` with `--app` or `--withdraw`." });
}

const whoSigned = async (folder: string, { rootVersion }: PublisherDescription, targets: Uint8Array): ReturnType<typeof provedSigners> => provedSigners("targets", targets, await readBytes(join(folder, "metadata", `${rootVersion}.root.json`)));

async function finish(folder: string, publisher: PublisherDescription, targets: Uint8Array, options: PublisherOptions): Promise<void> {
  const path = join(folder, "pending", "targets.json");
  const root = await readBytes(join(folder, "metadata", `${publisher.rootVersion}.root.json`));
  if (!(await isSigned("targets", targets, root))) {
    await writeWhole(path, targets, 0o644);
    throw stillUnmet(folder, await waitsOf(folder, targets, publisher));
  }
  await renew(folder, targets, await openKeys(join(folder, "keys"), [publisher.online], options.passphrase), options);
  // What waits beyond these was not meant: it waits on.
  const pending = await readPending(folder);
  if (pending !== undefined && describeFile(pending).version <= describeFile(targets).version) await rm(path, { force: true });
}

/** Snapshot and timestamp of these targets, whose versions rise with each signing. */
async function renew(folder: string, targets: Uint8Array, online: readonly SigningKey[], { nowMs, days = defaultDays }: PublisherOptions): Promise<void> {
  if (online.length === 0) throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: the online key, which signs snapshot and timestamp, is not here, or not opened by the passphrase`, { next: "Run `holon publisher sign` in this folder where it is, or with its passphrase; every holder has it." });
  const held = await readFile(join(folder, "metadata", "timestamp.json")).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    throw diskError("read", folder, error);
  });
  const version = (held === undefined ? 0 : describeFile(held).version) + 1;
  const expiresMs = nowMs + days * day;
  const snapshot = await signFile(await makeSnapshot(version, expiresMs, targets), online);
  const timestamp = await signFile(await makeTimestamp(version, expiresMs, snapshot), online);
  const name = `${describeFile(targets).version}.targets.json`;
  await writeWhole(join(folder, "metadata", name), targets, 0o644);
  await writeWhole(join(folder, "metadata", `${version}.snapshot.json`), snapshot, 0o644);
  await writeWhole(join(folder, "metadata", "timestamp.json"), timestamp, 0o644); // last: it names the others
  const served = new Set([name, `${version}.snapshot.json`, "timestamp.json"]);
  for (const file of await readdir(join(folder, "metadata"))) if (!served.has(file) && !file.endsWith(".root.json")) await rm(join(folder, "metadata", file), { force: true });
}

async function writeRoot(folder: string, { offline, threshold, online, rootVersion }: PublisherDescription, signers: readonly SigningKey[], { nowMs }: PublisherOptions): Promise<void> {
  const own = { keys: offline, threshold };
  const fresh = { keys: [online], threshold: 1 };
  const root = await signFile(await makeRoot(rootVersion, nowMs + rootMs, { root: own, targets: own, snapshot: fresh, timestamp: fresh }), signers);
  if (!(await isSigned("root", root, root))) throw new HolonError("HOLON_INTERNAL", `${folder}: root ${rootVersion} is not signed by ${threshold} of its own keys`);
  await writeWhole(join(folder, "metadata", `${rootVersion}.root.json`), root, 0o644);
}

/** Half of its time is left, and the present key has signed it: nodes need nothing newer. What is this folder's own is believed, and nothing that verifies is loaded for it. */
async function isFresh(folder: string, { online }: PublisherDescription, { nowMs, days = defaultDays }: PublisherOptions): Promise<boolean> {
  const { expiresMs, signers } = describeFile(await readBytes(join(folder, "metadata", "timestamp.json")));
  return expiresMs - nowMs > (days * day) / 2 && signers.includes(online.id);
}

const makeSignedTargets = async (version: number, targets: ReadonlyMap<string, SignedTarget>, keys: readonly SigningKey[], { nowMs }: PublisherOptions): Promise<Uint8Array> => signFile(await makeTargets(version, nowMs + targetsMs, targets), keys);

async function newestTargets(folder: string): Promise<{ readonly version: number; readonly targets: ReadonlyMap<string, SignedTarget>; readonly bytes: Uint8Array } | undefined> {
  const versions = (await readdir(join(folder, "metadata"))).flatMap((name) => /^(\d+)\.targets\.json$/.exec(name)?.[1] ?? []).map(Number);
  if (versions.length === 0) return undefined;
  const version = Math.max(...versions);
  const bytes = await readBytes(join(folder, "metadata", `${version}.targets.json`));
  return { version, targets: targetsOf(bytes), bytes };
}

const readPending = (folder: string): Promise<Uint8Array | undefined> =>
  readBytes(join(folder, "pending", "targets.json")).catch((error: unknown) => {
    if (error instanceof HolonError && error.code === "HOLON_DISK_MISSING") return undefined;
    throw error;
  });

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
  const publisher = await demand(folder);
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
export const waitingText = ({ version, threshold, signed, missing, changes }: Waiting): string => `targets ${version}${changes.length === 0 ? "" : `, by which ${changes.slice(0, toldMax).join(", ")}${changes.length > toldMax ? ` and ${changes.length - toldMax} more` : ""} changes,`} has ${signed.length} of ${threshold} signatures${signed.length === 0 ? "" : ` (${namesOf(signed)})`}: it lacks ${Math.max(1, threshold - signed.length)} more of ${namesOf(missing)}`;

const toldMax = 8;

const namesOf = (ids: readonly string[]): string => ids.map((id) => id.slice(0, 12)).join(", ");

async function demand(folder: string): Promise<PublisherDescription> {
  const publisher = await readPublisher(folder);
  if (publisher === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is no publisher's folder`, { next: "Make one with `holon publisher init`." });
  return publisher;
}

const stillUnmet = (folder: string, waiting: Waiting): HolonError =>
  new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: ${waitingText(waiting)}`, { next: "Carry pending/ of this folder to who holds one of those, and run `holon publisher sign` there; or here, with the passphrase that opens it. Until then what was signed before is served, and runs." });

async function makeFolders(folder: string): Promise<void> {
  for (const name of ["keys", "metadata", "pending"]) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isErrno(error, "ENOENT")) throw new HolonError("HOLON_DISK_MISSING", `${path} is missing`, { cause: error });
    throw diskError("read", path, error);
  }
}
