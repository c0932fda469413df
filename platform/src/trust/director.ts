/**
 * The control plane's keys, in its own data folder, and what it signs with them: one chain of roots for all nodes, targets for each apart.
 *
 *     director.json           the key that signs what nodes are to run, and all roots so far
 *     director-root-key.json  the key that signs roots; may be taken off line: it is needed only to replace the other one
 *
 * A node follows from the root that it pinned to the next one where that is signed by the keys of before as well (The Update Framework, section 5.3).
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { Director } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import { readSecretFile, removeSecretFile, takeSecretFile, writeSecretFile } from "../secret-file.ts";

const year = 365 * 86_400_000;
/** Nodes that were away for long take what was signed meanwhile; the publisher's expiry is the one that guards. */
const rootMs = 20 * year;
const restMs = 2 * year;
const fileBytesMax = 1 << 20;

const pem = z.string().startsWith("-----BEGIN");
const fileSchema = z.strictObject({ keyPem: pem, roots: z.array(z.string()).min(1) });
/** Of before: one key for all, one root. */
const oldSchema = z.strictObject({ keyPem: pem, root: z.string() });
const rootKeySchema = z.strictObject({ keyPem: pem });
type DirectorFile = z.infer<typeof fileSchema>;

const path = (folder: string): string => join(folder, "director.json");
const rootKeyPath = (folder: string): string => join(folder, "director-root-key.json");

export function createDirector(folder: string): Director {
  const inTurn = createTurns();
  /** Each time: it may be replaced beside this process. */
  const opened = (nowMs: number): Promise<DirectorFile> => inTurn(() => openDirector(folder, nowMs));
  return {
    roots: async (nowMs) => (await opened(nowMs)).roots.map((root) => new Uint8Array(Buffer.from(root))),
    async sign({ version, targets, nowMs }) {
      const { makeSnapshot, makeTargets, makeTimestamp, publicKeyOf, signFile } = await import("./tuf-repository.ts");
      const { keyPem, roots } = await opened(nowMs);
      const key = createPrivateKey(keyPem);
      const keys = [{ public: publicKeyOf(key), private: key }];
      const expiresMs = nowMs + restMs;
      const signed = await signFile(await makeTargets(version, expiresMs, targets), keys);
      const snapshot = await signFile(await makeSnapshot(version, expiresMs, signed), keys);
      const timestamp = await signFile(await makeTimestamp(version, expiresMs, snapshot), keys);
      return new Map([
        ...roots.map((root, index): readonly [string, Uint8Array] => [`${index + 1}.root.json`, Buffer.from(root)]),
        [`${version}.targets.json`, signed],
        [`${version}.snapshot.json`, snapshot],
        ["timestamp.json", timestamp],
      ]);
    },
  };
}

export interface DirectorStatus {
  readonly rootVersion: number;
  readonly rootKey: "here" | "away";
}

/** `HOLON_CONFIG_BAD` where there is none. */
export async function directorStatus(folder: string): Promise<DirectorStatus> {
  const { roots } = await existing(folder);
  return { rootVersion: roots.length, rootKey: (await readSecretFile(rootKeyPath(folder), rootKeySchema)) === undefined ? "away" : "here" };
}

/** Takes the key of roots to another file, of a disk that is then put away. `HOLON_ROOT_KEY_AWAY`, `HOLON_DISK_…`. */
export async function takeDirectorRootKey(folder: string, to: string): Promise<void> {
  await existing(folder);
  await takeSecretFile(rootKeyPath(folder), to, rootKeySchema);
}

/** A new key for what nodes are to run, and for roots too if that is wanted: the next root is signed by the keys of before and of after. `HOLON_ROOT_KEY_AWAY`. */
export async function rotateDirector(folder: string, nowMs: number, { from, newRootKey = false }: { readonly from?: string | undefined; readonly newRootKey?: boolean } = {}): Promise<void> {
  const { roots } = await existing(folder);
  const place = from ?? rootKeyPath(folder);
  const held = await readSecretFile(place, rootKeySchema);
  if (held === undefined) throw new HolonError("HOLON_ROOT_KEY_AWAY", `there is no key of the director's root in ${place}`);
  const before = createPrivateKey(held.keyPem);
  const after = newRootKey ? newKey() : before;
  const online = newKey();
  const root = await rootOf(roots.length + 1, nowMs, { before: [before], after, online });
  const { isSigned } = await import("./tuf-repository.ts");
  if (!(await isSigned("root", Buffer.from(root), Buffer.from(roots.at(-1) ?? "")))) throw new HolonError("HOLON_SIGNATURE_UNMET", `the key in ${place} is not that of the director's root`);
  // The new key of roots first: one that is not used yet harms nobody, one that is lost ends all rotation.
  if (newRootKey) await writeSecretFile(`${place}.next`, { keyPem: pemOf(after) });
  await writeSecretFile(path(folder), { keyPem: pemOf(online), roots: [...roots, root] });
  if (newRootKey) {
    await writeSecretFile(place, { keyPem: pemOf(after) });
    await removeSecretFile(`${place}.next`);
  }
}

async function existing(folder: string): Promise<DirectorFile> {
  const held = await readDirector(folder);
  if (held === undefined) throw new HolonError("HOLON_CONFIG_BAD", `${folder} holds no director`, { next: "Name the data folder and the node that runs control; its director is made when the first node is invited, or the first signed app is deployed." });
  return held;
}

async function openDirector(folder: string, nowMs: number): Promise<DirectorFile> {
  const held = await readDirector(folder);
  if (held !== undefined) return held;
  const [key, online] = [newKey(), newKey()];
  const root = await rootOf(1, nowMs, { before: [], after: key, online });
  await writeSecretFile(rootKeyPath(folder), { keyPem: pemOf(key) });
  return writeSecretFile(path(folder), { keyPem: pemOf(online), roots: [root] });
}

/** One of before is taken over as it is: its one key is that of roots too, until it is rotated. */
async function readDirector(folder: string): Promise<DirectorFile | undefined> {
  const held = await readSecretFile(path(folder), z.union([fileSchema, oldSchema]), fileBytesMax);
  if (held === undefined || "roots" in held) return held;
  await writeSecretFile(rootKeyPath(folder), { keyPem: held.keyPem });
  return writeSecretFile(path(folder), { keyPem: held.keyPem, roots: [held.root] });
}

async function rootOf(version: number, nowMs: number, { before, after, online }: { readonly before: readonly KeyObject[]; readonly after: KeyObject; readonly online: KeyObject }): Promise<string> {
  const { makeRoot, publicKeyOf, signFile } = await import("./tuf-repository.ts");
  const role = (key: KeyObject) => ({ keys: [publicKeyOf(key)], threshold: 1 });
  const rest = role(online);
  const signers = [...new Map([...before, after].map((key) => [publicKeyOf(key).id, { public: publicKeyOf(key), private: key }])).values()];
  return new TextDecoder().decode(await signFile(await makeRoot(version, nowMs + rootMs, { root: role(after), targets: rest, snapshot: rest, timestamp: rest }), signers));
}

const newKey = (): KeyObject => generateKeyPairSync("ed25519").privateKey;
const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
