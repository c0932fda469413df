/**
 * The next root of a publisher: who signs from then on. It is signed by as many of the keys of the root before as that asks for, and by as many of its own (The Update Framework 1.0.31, section 5.3.4); until then it waits.
 *
 *     holder 1: add, remove, rotate ─▶ pending/root.json ─▶ holder 2: sign, with his own key ─▶ … ─▶ metadata/, publisher.json
 *
 * What waits is one file, written whole: the root, and the targets that are served, with the signatures that they need under it. Invariants: nothing is signed that was altered, that follows another
 * root than the one of this folder, or of which not all is shown; metadata/ is never left with a root under which its other files do not hold, but for a process that was ended in the middle: the file goes last, and the next signing goes on from it.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { z } from "zod";
import { removeSecretFile, writeSecretFile } from "../secret-file.ts";
import { describeFile, isSigned, keyIdOf, makeRoot, provedSigners, rolesOf, signFile, type PublicKey, type SigningKey } from "../trust/tuf-repository.ts";
import { writeWhole } from "../whole-file.ts";
import { dayMs, demandPublisher, keysIn, keysMax, newestTargets, publisherSchema, readBytes, readIfThere, renew, rootPath, shortIds, type PublisherDescription, type PublisherOptions } from "./folder.ts";
import { createKey, keyPath, openKeys } from "./keys.ts";

/** Signed by hand, and says so for long. */
const rootMs = 3_650 * dayMs;

export interface RootOptions extends PublisherOptions {
  /** So many must sign from then on; as many as before where it is left out. */
  readonly threshold?: number | undefined;
}

/** Adds a key: the next root names it. `HOLON_SIGNATURE_UNMET` where it waits for more signatures, as of the other steps. */
export async function addKey(folder: string, options: RootOptions): Promise<PublisherDescription> {
  const { before, held } = await begin(folder, options);
  const wanted = options.threshold ?? before.threshold;
  requireThreshold(wanted, before.offline.length + 1);
  const added = await createKey(keysIn(folder), options.passphrase);
  return conclude(folder, { ...before, offline: [...before.offline, added.public], threshold: wanted }, [...held, added], options);
}

/**
 * Takes a key out: what it signed counts no more. Whoever held it held the online key too, without which nothing is completed: that one is made anew, by one who stays.
 */
export async function removeKey(folder: string, id: string, options: RootOptions): Promise<PublisherDescription> {
  const { before, held } = await begin(folder, options);
  const offline = before.offline.filter((key) => !key.id.startsWith(id));
  if (offline.length !== before.offline.length - 1 || id === "") throw new HolonError("HOLON_ARGUMENT_BAD", `${id} is the beginning of ${before.offline.length - offline.length} keys, not of one`, { next: "See `holon publisher show`." });
  const threshold = options.threshold ?? before.threshold;
  if (offline.length < threshold) throw new HolonError("HOLON_ARGUMENT_BAD", `without it ${offline.length} keys are left, and ${threshold} must sign`, { next: "Add a key first, or name a lower `--threshold`." });
  requireThreshold(threshold, offline.length);
  if (!held.some((key) => offline.some((kept) => kept.id === key.public.id))) throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: ${id} is the only key here that the passphrase opens, and who goes would make the online key of those who stay; nothing was changed`, { next: `Have who holds one of ${shortIds(offline.map((key) => key.id))} run \`holon publisher remove\`; this key may sign what waits then.` });
  const online = (await createKey(keysIn(folder), options.passphrase)).public;
  return conclude(folder, { ...before, offline, threshold, online }, held, options);
}

/**
 * Makes the key of snapshot and timestamp anew, and signs both with it. A node that follows the root forgets the versions that the key of before signed, however high a thief drove them (The Update Framework, section 5.3.11).
 */
export async function rotateOnline(folder: string, options: PublisherOptions): Promise<PublisherDescription> {
  const { before, held } = await begin(folder, options);
  return conclude(folder, { ...before, online: (await createKey(keysIn(folder), options.passphrase)).public }, held, options);
}

/** A root that names these, signed by the keys that are given. */
export async function signedRoot({ offline, threshold, online, rootVersion }: PublisherDescription, signers: readonly SigningKey[], nowMs: number): Promise<Uint8Array> {
  return signFile(await bareRoot({ offline, threshold, online, rootVersion }, nowMs + rootMs), signers);
}

function bareRoot({ offline, threshold, online, rootVersion }: PublisherDescription, expiresMs: number): Promise<Uint8Array> {
  const own = { keys: offline, threshold };
  const fresh = { keys: [online], threshold: 1 };
  return makeRoot(rootVersion, expiresMs, { root: own, targets: own, snapshot: fresh, timestamp: fresh });
}

/** Signatures of a waiting root that hold, of those that one side asks for. */
export interface Asked {
  readonly threshold: number;
  readonly signed: readonly string[];
  readonly missing: readonly string[];
}

export interface WaitingRoot {
  readonly version: number;
  readonly expires: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly threshold: { readonly before: number; readonly after: number };
  readonly online: { readonly before: string; readonly after: string };
  /** Of the keys of the root before, and of its own. */
  readonly byBefore: Asked;
  readonly byOwn: Asked;
}

/** The root that waits; undefined where none does. `HOLON_SIGNATURE_MIXED` where it was altered or the signed root has moved on, `HOLON_SIGNATURE_UNMET` where nobody who may has signed it. */
export async function waitingRootOf(folder: string): Promise<WaitingRoot | undefined> {
  const opened = await open(folder);
  return opened === undefined || opened.isDone ? undefined : opened.waiting;
}

/**
 * Signs the root that waits with the keys that are here, after `seen` was told what it changes; the last signature publishes it.
 * `HOLON_SIGNATURE_UNMET` where it waits on, or for its online key; and as `waitingRootOf`.
 */
export async function signRoot(folder: string, { seen, ...options }: PublisherOptions & { readonly seen?: ((waiting: WaitingRoot) => void) | undefined }): Promise<void> {
  const opened = await open(folder);
  if (opened === undefined) return;
  if (opened.isDone) return publishOrWait(folder, opened, options);
  seen?.(opened.waiting);
  const { before, next, root, targets } = opened;
  const keys = await openKeys(keysIn(folder), [...before.offline, ...next.offline.filter(({ id }) => before.offline.every((key) => key.id !== id))], options.passphrase);
  await wait(folder, await signFile(root, keys), await signFile(targets, keys.filter((key) => isOf(next, key))));
  return publishOrWait(folder, await reopen(folder), options);
}

/** Goes on where a process was ended between the files of a root that all have signed; nothing where there is none. */
export async function settleRoot(folder: string, options: PublisherOptions): Promise<void> {
  const bytes = await readIfThere(pendingPath(folder));
  const root = bytes && split(bytes)?.root;
  if (root === undefined) return;
  const begun = await readIfThere(rootPath(folder, describeFile(root).version));
  if (begun === undefined || !isSame(begun, root)) return;
  const opened = await open(folder);
  if (opened !== undefined && opened.isBegun) await publishOrWait(folder, opened, options);
}

/** What it changes, a line each. */
export function rootChangesText({ version, expires, added, removed, threshold, online }: WaitingRoot): string {
  return [
    `root ${version}, in place of root ${version - 1}:`,
    ...added.map((id) => `  key added    ${id}`),
    ...removed.map((id) => `  key removed  ${id}`),
    `  must sign    ${threshold.before === threshold.after ? `${threshold.after}, as before` : `${threshold.after}, ${threshold.before} before`}`,
    `  online key   ${online.before === online.after ? `${online.after}, as before` : `${online.after}, ${online.before} before`}`,
    `  expires      ${expires}`,
  ].join("\n");
}

/** How many of how many, and whose, of both sides. */
export function waitingRootText({ version, byBefore, byOwn }: WaitingRoot): string {
  const told = ({ threshold, signed }: Asked): string => `${signed.length} of ${threshold} signatures${signed.length === 0 ? "" : ` (${shortIds(signed)})`}`;
  const lacks = ({ threshold, signed, missing }: Asked): string => `${threshold - signed.length} more of ${shortIds(missing)}`;
  const asked = [byBefore, byOwn].filter(isShort);
  const [first, second] = [...new Set(asked.map(lacks))];
  const head = `root ${version} has ${told(byBefore)} of the keys of root ${version - 1} and ${told(byOwn)} of its own`;
  return first === undefined ? `${head}: it lacks nothing but its online key` : `${head}: it lacks ${first}${second === undefined ? "" : `, and of its own ${second}`}`;
}

const pendingPath = (folder: string): string => join(folder, "pending", "root.json");
const isOf = ({ offline }: PublisherDescription, key: SigningKey): boolean => offline.some(({ id }) => id === key.public.id);
const isShort = ({ threshold, signed }: Asked): boolean => signed.length < threshold;

/** Those who sign the next root here. `HOLON_SIGNATURE_UNMET` without any, or where a root waits already: two would be of one version. */
async function begin(folder: string, options: PublisherOptions): Promise<{ readonly before: PublisherDescription; readonly held: readonly SigningKey[] }> {
  await settleRoot(folder, options);
  const before = await demandPublisher(folder);
  await requireTrue(folder, before);
  if ((await readIfThere(pendingPath(folder))) !== undefined) throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: a root waits for signatures already, and no other is made beside it; nothing was changed`, { next: `See what it changes with \`holon publisher show ${folder}\`, and complete it with \`holon publisher sign ${folder}\`; or take pending/root.json away, here and where it was carried to, and begin anew.` });
  const held = await openKeys(keysIn(folder), before.offline, options.passphrase);
  if (held.length === 0) throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: none of the keys that sign the next root is here, or opened by the passphrase; nothing was changed`, { next: `Run it where one of ${shortIds(before.offline.map(({ id }) => id))} is, or with its passphrase. What runs goes on by the root of before.` });
  return { before, held };
}

function requireThreshold(threshold: number, keys: number): void {
  if (!(Number.isInteger(threshold) && threshold >= 1 && keys >= threshold && keys <= keysMax)) throw new HolonError("HOLON_ARGUMENT_BAD", `${threshold} of ${keys} keys cannot be`, { next: `Name as many keys as must sign, or more, up to ${keysMax}.` });
}

async function conclude(folder: string, { rootVersion, ...changed }: PublisherDescription, signers: readonly SigningKey[], options: PublisherOptions): Promise<PublisherDescription> {
  const next = { ...changed, rootVersion: rootVersion + 1 };
  const targets = await demandTargets(folder);
  await wait(folder, await signedRoot(next, signers, options.nowMs), await signFile(targets, signers.filter((key) => isOf(next, key))));
  await publishOrWait(folder, await reopen(folder), options);
  return next;
}

const wait = (folder: string, root: Uint8Array, targets: Uint8Array): Promise<void> => writeWhole(pendingPath(folder), JSON.stringify({ root: jsonOf(root), targets: jsonOf(targets) }), 0o644);

/** As it is on the disk, held against the same as what comes from elsewhere. */
async function reopen(folder: string): Promise<Opened> {
  const opened = await open(folder);
  if (opened === undefined) throw new HolonError("HOLON_DISK_MISSING", `${pendingPath(folder)} was taken away while it was signed`);
  return opened;
}

async function publishOrWait(folder: string, opened: Opened, options: PublisherOptions): Promise<void> {
  const { byBefore, byOwn, version } = opened.waiting;
  if (!isShort(byBefore) && !isShort(byOwn)) return publish(folder, opened, options);
  throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: ${waitingRootText(opened.waiting)}`, {
    next: `Carry pending/ of this folder to who holds one of those, and run \`holon publisher sign\` there, which shows first what root ${version} changes; or here, with the passphrase that opens it. Until then what runs goes on by root ${version - 1}.`,
  });
}

interface Opened {
  readonly before: PublisherDescription;
  readonly next: PublisherDescription;
  readonly root: Uint8Array;
  /** Those to serve under it, as they are signed so far. */
  readonly targets: Uint8Array;
  readonly waiting: WaitingRoot;
  /** It is this folder's root already, or one before that. */
  readonly isDone: boolean;
  /** It lies in metadata/ with all its signatures. */
  readonly isBegun: boolean;
}

const mixed = (folder: string, what: string, next: string): HolonError => new HolonError("HOLON_SIGNATURE_MIXED", `${folder}: ${what}`, { next });
const bringAgain = "Have who began it bring pending/ again, and ask how it came here; or take pending/root.json away and begin the step anew.";

/** What waits, held against the signed root of this folder: it may have come over any medium. */
async function open(folder: string): Promise<Opened | undefined> {
  const publisher = await demandPublisher(folder);
  const bytes = await readIfThere(pendingPath(folder));
  if (bytes === undefined) return undefined;
  await requireTrue(folder, publisher);
  const { root: waiting, targets } = split(bytes) ?? {};
  const next = waiting && describe(waiting);
  if (waiting === undefined || targets === undefined || next === undefined || !(await isOurs(waiting, next))) throw mixed(folder, "what waits in pending/root.json is no root of a publisher, or says more than is shown of one; it gets no signature here", bringAgain);
  const version = next.rootVersion;
  const inPlace = await readIfThere(rootPath(folder, version));
  if (version > publisher.rootVersion + 1) throw mixed(folder, `root ${version} waits, and this folder has root ${publisher.rootVersion} and not the one between`, "Bring metadata/ and publisher.json from who began the step.");
  const by = await readBytes(rootPath(folder, version - 1));
  const signed = inPlace !== undefined && (await isSigned("root", inPlace, by)) && (await isSigned("root", inPlace, inPlace)) ? inPlace : undefined;
  const isBegun = signed !== undefined && isSame(signed, waiting);
  const isDone = isBegun && version <= publisher.rootVersion;
  // That which waits may be an older copy, with fewer signatures.
  const root = isBegun ? signed : waiting;
  if ((signed !== undefined && !isBegun) || (version <= publisher.rootVersion && !isDone)) throw mixed(folder, `the signed root has moved on: root ${version} that waits in pending/ is another than the one that was signed since`, "Take pending/root.json away, and begin the step anew if it is still meant.");
  const [beforeRoot, ownRoot] = [await provedSigners("root", root, by), await provedSigners("root", root, root)];
  const broken = [...new Set([...beforeRoot.broken, ...ownRoot.broken])];
  if (broken.length > 0) throw mixed(folder, `root ${version} that waits in pending/ gets no signature here: the signature of ${shortIds(broken)} does not hold: it was altered since`, bringAgain);
  if (beforeRoot.holds.length === 0) throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: root ${version} that waits in pending/ gets no signature here: nobody of root ${version - 1} has signed it`, { next: bringAgain });
  const before = describe(by);
  if (before === undefined) throw mixed(folder, `root ${version - 1} is none that Holon made`, bringAgain);
  const served = await servedUnder(folder, targets, by, root);
  const holds = (await isSigned("targets", served, root)) ? ownRoot.holds : await both(ownRoot.holds, served, root);
  return { before, next, root, targets: served, isDone, isBegun, waiting: { ...changesOf(before, next, root), byBefore: askedOf(before, beforeRoot.holds), byOwn: askedOf(next, holds) } };
}

/** Who has signed the root has not signed the targets under it where newer ones came meanwhile. */
async function both(holds: readonly string[], targets: Uint8Array, root: Uint8Array): Promise<readonly string[]> {
  const signers = await provedSigners("targets", targets, root);
  return holds.filter((id) => signers.holds.includes(id));
}

/** The newer of those that wait with the root, which the root before has to prove, and of those that are served here. */
async function servedUnder(folder: string, targets: Uint8Array, by: Uint8Array, root: Uint8Array): Promise<Uint8Array> {
  const here = await demandTargets(folder);
  const [carried, own] = [describeFile(targets).version, describeFile(here).version];
  if (carried < own) return here;
  if (!(await isSigned("targets", targets, by)) || (carried === own && !isSame(targets, here))) throw mixed(folder, `targets ${carried} in pending/root.json are none that were signed for this folder's root; they get no signature here`, bringAgain);
  return carried === own && (await isSigned("targets", here, root)) ? here : targets;
}

const askedOf = ({ offline, threshold }: PublisherDescription, holds: readonly string[]): Asked => {
  const ids = offline.map(({ id }) => id);
  return { threshold, signed: ids.filter((id) => holds.includes(id)), missing: ids.filter((id) => !holds.includes(id)) };
};

function changesOf(before: PublisherDescription, next: PublisherDescription, root: Uint8Array): Omit<WaitingRoot, "byBefore" | "byOwn"> {
  const [old, own] = [before, next].map(({ offline }) => offline.map(({ id }) => id));
  return {
    version: next.rootVersion,
    expires: new Date(describeFile(root).expiresMs).toISOString(),
    added: own?.filter((id) => !old?.includes(id)) ?? [],
    removed: old?.filter((id) => !own?.includes(id)) ?? [],
    threshold: { before: before.threshold, after: next.threshold },
    online: { before: before.online.id, after: next.online.id },
  };
}

/** Puts it in place: the root, who signs, what is served, and what waited last, so that whoever is ended in between goes on from there. */
async function publish(folder: string, { before, next, root, targets }: Opened, options: PublisherOptions): Promise<void> {
  const publisher = await demandPublisher(folder);
  if (next.rootVersion < publisher.rootVersion) return rm(pendingPath(folder), { force: true });
  const isWhole = await isServed(folder, root);
  const online = isWhole ? [] : await openKeys(keysIn(folder), [next.online], options.passphrase);
  if (!isWhole && online.length === 0) {
    throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: root ${next.rootVersion} is signed by as many as must, and waits for its online key ${shortIds([next.online.id])}, which signs what is newest under it: it is not here, or not opened by the passphrase`, {
      next: "Carry pending/ to who began the step, who has it, and run `holon publisher sign` there: that publishes it. Until then what runs goes on by the root of before.",
    });
  }
  await writeWhole(rootPath(folder, next.rootVersion), root, 0o644);
  await writeSecretFile(join(folder, "publisher.json"), next);
  if (!isWhole) await renew(folder, targets, online, options);
  if (before.online.id !== next.online.id) await removeSecretFile(keyPath(keysIn(folder), before.online));
  await rm(pendingPath(folder), { force: true });
}

const snapshotSchema = z.object({ signed: z.object({ meta: z.record(z.string(), z.object({ hashes: z.object({ sha256: z.string() }) })) }) });

/** Whether what the folder serves holds under this root as it is: signed, and each file the one that the next names. */
async function isServed(folder: string, root: Uint8Array): Promise<boolean> {
  const timestamp = await readIfThere(join(folder, "metadata", "timestamp.json"));
  const snapshot = timestamp && (await readIfThere(join(folder, "metadata", `${describeFile(timestamp).version}.snapshot.json`)));
  if (timestamp === undefined || snapshot === undefined) return false;
  const targets = await demandTargets(folder);
  for (const [role, bytes] of [["timestamp", timestamp], ["snapshot", snapshot], ["targets", targets]] as const) if (!(await isSigned(role, bytes, root))) return false;
  const named = (bytes: Uint8Array, file: string): string | undefined => snapshotSchema.safeParse(jsonOf(bytes)).data?.signed.meta[file]?.hashes.sha256;
  return named(timestamp, "snapshot.json") === sha256(snapshot) && named(snapshot, "targets.json") === sha256(targets);
}

/** The next root names who is named here: publisher.json goes from holder to holder and is signed by nobody, the roots beside it are. `HOLON_SIGNATURE_MIXED`. */
async function requireTrue(folder: string, publisher: PublisherDescription): Promise<void> {
  const { rootVersion } = publisher;
  const bad = (what: string): HolonError => mixed(folder, `${what}; no root is made of it`, "Compare this folder with another holder's: somebody changed it, or it was copied in part. Bring metadata/ and publisher.json from a holder whom you trust.");
  const root = await readBytes(rootPath(folder, rootVersion));
  const told = describe(root);
  const print = ({ offline, threshold, online }: PublisherDescription): string => `${threshold} ${offline.map(({ id, hex }) => `${id} ${hex}`).toSorted().join()} ${online.id} ${online.hex}`;
  if (told === undefined || print(told) !== print(publisher)) throw bad(`publisher.json does not say what root ${rootVersion} says of who signs`);
  for (const by of rootVersion === 1 ? [root] : [root, await readBytes(rootPath(folder, rootVersion - 1))]) if (!(await isSigned("root", root, by))) throw bad(`${rootVersion}.root.json is not signed by as many of its keys as must, and of those before it`);
}

/** Who signs by this root; undefined where it says so in another way than ours do: one set of keys for root and targets, one key for what is newest. */
function describe(root: Uint8Array): PublisherDescription | undefined {
  const told = rolesOf(root);
  const [online] = told.timestamp.keys;
  const print = (keys: readonly PublicKey[], count: number): string => `${count} ${keys.map(({ id, hex }) => `${id} ${hex}`).join()}`;
  const isPair = online !== undefined && [told.snapshot, told.timestamp].every((role) => print(role.keys, role.threshold) === print([online], 1));
  if (!isPair || print(told.targets.keys, told.targets.threshold) !== print(told.root.keys, told.root.threshold)) return undefined;
  return publisherSchema.safeParse({ offline: told.root.keys, threshold: told.root.threshold, online, rootVersion: describeFile(root).version }).data;
}

/** Nothing in it but what is shown: made anew from that, it is the same; and each key's id is its own. */
async function isOurs(root: Uint8Array, told: PublisherDescription): Promise<boolean> {
  if (told.offline.length < told.threshold || [...told.offline, told.online].some(({ id, hex }) => keyIdOf(hex) !== id)) return false;
  return isSame(await bareRoot(told, describeFile(root).expiresMs), root);
}

const demandTargets = async (folder: string): Promise<Uint8Array> => {
  const newest = await newestTargets(folder);
  if (newest === undefined) throw new HolonError("HOLON_DISK_MISSING", `${join(folder, "metadata")} has no targets`, { next: "Bring metadata/ from another holder, or from a backup." });
  return newest.bytes;
};

const metadataSchema = z.looseObject({ signed: z.record(z.string(), z.json()), signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })) });
const bundleSchema = z.strictObject({ root: metadataSchema, targets: metadataSchema });

/** The two files in what waits; undefined where they are none. */
function split(bytes: Uint8Array): { readonly root: Uint8Array; readonly targets: Uint8Array } | undefined {
  try {
    const { root, targets } = bundleSchema.parse(jsonOf(bytes));
    const files = { root: encode(root), targets: encode(targets) };
    rolesOf(files.root);
    return describeFile(files.root).kind === "root" && describeFile(files.targets).kind === "targets" ? files : undefined;
  } catch {
    return undefined; // whatever it is, it is no metadata
  }
}

const encode = (metadata: object): Uint8Array => new TextEncoder().encode(JSON.stringify(metadata));
const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const signedOf = (bytes: Uint8Array): string => canonicalJson(metadataSchema.parse(jsonOf(bytes)).signed);
const isSame = (a: Uint8Array, b: Uint8Array): boolean => signedOf(a) === signedOf(b);
