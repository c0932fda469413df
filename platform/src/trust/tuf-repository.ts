/** Makes and signs metadata of The Update Framework (specification 1.0.31), file by file, so that keys may be on different machines. */
import { createHash, createPublicKey, sign, type KeyObject } from "node:crypto";
import { canonicalJson } from "@holon/core/json.ts";
import type { SignedTarget } from "@holon/core/ports.ts";
import type { Metadata, Root, Snapshot, Targets, Timestamp } from "@tufjs/models";
import { z } from "zod";

export const topRoles = ["root", "targets", "snapshot", "timestamp"] as const;
export type TopRole = (typeof topRoles)[number];

/** An Ed25519 key (RFC 8032) as metadata name it. */
export interface PublicKey {
  /** SHA-256 of the key in canonical JSON, as the specification has it. */
  readonly id: string;
  readonly hex: string;
}

export interface SigningKey {
  readonly public: PublicKey;
  readonly private: KeyObject;
}

export interface RoleKeys {
  readonly keys: readonly PublicKey[];
  /** So many of them must sign. */
  readonly threshold: number;
}

const rawKeyBytes = 32;

export function publicKeyOf(key: KeyObject): PublicKey {
  const der = createPublicKey(key).export({ type: "spki", format: "der" });
  const hex = der.subarray(-rawKeyBytes).toString("hex");
  return { id: keyIdOf(hex), hex };
}

export const keyIdOf = (hex: string): string => createHash("sha256").update(canonicalJson({ keytype: "ed25519", scheme: "ed25519", keyval: { public: hex } })).digest("hex");

export async function makeRoot(version: number, expiresMs: number, roles: Readonly<Record<TopRole, RoleKeys>>): Promise<Uint8Array> {
  const { Key, Metadata, Root } = await import("@tufjs/models");
  const root = new Root({ version, expires: isoSecond(expiresMs), specVersion: specification, consistentSnapshot: true });
  for (const name of topRoles) {
    const { keys, threshold } = roles[name];
    for (const { id, hex } of keys) root.addKey(new Key({ keyID: id, keyType: "ed25519", scheme: "ed25519", keyVal: { public: hex } }), name);
    const role = root.roles[name];
    if (role === undefined || keys.length < threshold) throw new RangeError(`${name}: ${threshold} of ${keys.length} keys`);
    Reflect.set(role, "threshold", threshold); // said once, when a root is read; a new one has 1
  }
  return bytesOf(new Metadata(root));
}

export async function makeTargets(version: number, expiresMs: number, targets: ReadonlyMap<string, SignedTarget>): Promise<Uint8Array> {
  const { Metadata, TargetFile, Targets } = await import("@tufjs/models");
  const made = new Targets({ version, expires: isoSecond(expiresMs), specVersion: specification });
  for (const [path, { hash, lengthBytes }] of targets) made.addTarget(new TargetFile({ path, length: lengthBytes, hashes: { sha256: hash } }));
  return bytesOf(new Metadata(made));
}

/** Names the very bytes of the targets, so that no other of that version fits. */
export async function makeSnapshot(version: number, expiresMs: number, targets: Uint8Array): Promise<Uint8Array> {
  const { Metadata, Snapshot } = await import("@tufjs/models");
  return bytesOf(new Metadata(new Snapshot({ version, expires: isoSecond(expiresMs), specVersion: specification, meta: { "targets.json": await metaOf(targets) } })));
}

export async function makeTimestamp(version: number, expiresMs: number, snapshot: Uint8Array): Promise<Uint8Array> {
  const { Metadata, Timestamp } = await import("@tufjs/models");
  return bytesOf(new Metadata(new Timestamp({ version, expires: isoSecond(expiresMs), specVersion: specification, snapshotMeta: await metaOf(snapshot) })));
}

/** Adds a signature of each key. */
export async function signFile(bytes: Uint8Array, keys: readonly SigningKey[]): Promise<Uint8Array> {
  const { Signature } = await import("@tufjs/models");
  const metadata = await read(bytes);
  for (const key of keys) metadata.sign((data) => new Signature({ keyID: key.public.id, sig: sign(null, data, key.private).toString("hex") }));
  return bytesOf(metadata);
}

/** Whether the root's keys for the role have signed it, as many as must. */
export async function isSigned(role: TopRole, bytes: Uint8Array, root: Uint8Array): Promise<boolean> {
  const [by, metadata] = [await read(root), await read(bytes)];
  try {
    by.verifyDelegate(role, metadata);
    return true;
  } catch {
    return false; // the one thing that it raises for metadata that parsed
  }
}

/** Of the root's keys for the role, by their ids: those whose signature of it holds, and those whose does not. */
export async function provedSigners(role: TopRole, bytes: Uint8Array, root: Uint8Array): Promise<{ readonly holds: readonly string[]; readonly broken: readonly string[] }> {
  const [by, metadata] = [await read(root), await read(bytes)];
  const held = "roles" in by.signed && "keys" in by.signed ? by.signed : undefined;
  const signers = (held?.roles[role]?.keyIDs ?? []).filter((id) => metadata.signatures[id] !== undefined);
  const holds = signers.filter((id) => {
    try {
      held?.keys[id]?.verifySignature(metadata);
      return true;
    } catch {
      return false; // the one thing that it raises for metadata that parsed
    }
  });
  return { holds, broken: signers.filter((id) => !holds.includes(id)) };
}

/** Type, version and expiry of a file of metadata. `signers`: ids of the keys that it says signed it, none of which is proved. */
export function describeFile(bytes: Uint8Array): { readonly kind: TopRole; readonly version: number; readonly expiresMs: number; readonly signers: readonly string[] } {
  const { signed, signatures } = headSchema.parse(JSON.parse(decoder.decode(bytes)));
  return { kind: signed["_type"], version: signed.version, expiresMs: Date.parse(signed.expires), signers: signatures.map(({ keyid }) => keyid) };
}

/** Who signs what, as a root says. */
export function rolesOf(root: Uint8Array): Readonly<Record<TopRole, RoleKeys>> {
  const { keys, roles } = rootSchema.parse(JSON.parse(decoder.decode(root))).signed;
  const of = (role: TopRole): RoleKeys => ({ threshold: roles[role].threshold, keys: roles[role].keyids.map((id) => ({ id, hex: keys[id]?.keyval.public ?? "" })) });
  return { root: of("root"), targets: of("targets"), snapshot: of("snapshot"), timestamp: of("timestamp") };
}

export function targetsOf(bytes: Uint8Array): ReadonlyMap<string, SignedTarget> {
  const { targets } = targetsSchema.parse(JSON.parse(decoder.decode(bytes))).signed;
  return new Map(Object.entries(targets).map(([path, { length, hashes }]) => [path, { hash: hashes.sha256, lengthBytes: length }]));
}

const headSchema = z.object({ signed: z.object({ ["_type"]: z.enum(topRoles), version: z.int(), expires: z.string() }), signatures: z.array(z.object({ keyid: z.string() })).default([]) });
const roleSchema = z.object({ keyids: z.array(z.string()), threshold: z.int() });
const rootSchema = z.object({ signed: z.object({ keys: z.record(z.string(), z.object({ keyval: z.object({ public: z.string() }) })), roles: z.object({ root: roleSchema, targets: roleSchema, snapshot: roleSchema, timestamp: roleSchema }) }) });
const targetsSchema = z.object({ signed: z.object({ targets: z.record(z.string(), z.object({ length: z.int(), hashes: z.object({ sha256: z.string() }) })) }) });
const specification = "1.0.31";
const decoder = new TextDecoder();

async function read(bytes: Uint8Array): Promise<Metadata<Root | Snapshot | Targets | Timestamp>> {
  const { Metadata, MetadataKind } = await import("@tufjs/models");
  const json: unknown = JSON.parse(decoder.decode(bytes));
  const { kind } = describeFile(bytes);
  const parsed = z.record(z.string(), z.json()).parse(json);
  if (kind === "root") return Metadata.fromJSON(MetadataKind.Root, parsed);
  if (kind === "targets") return Metadata.fromJSON(MetadataKind.Targets, parsed);
  return kind === "snapshot" ? Metadata.fromJSON(MetadataKind.Snapshot, parsed) : Metadata.fromJSON(MetadataKind.Timestamp, parsed);
}

async function metaOf(bytes: Uint8Array): Promise<InstanceType<typeof import("@tufjs/models").MetaFile>> {
  const { MetaFile } = await import("@tufjs/models");
  return new MetaFile({ version: describeFile(bytes).version, length: bytes.length, hashes: { sha256: createHash("sha256").update(bytes).digest("hex") } });
}

const bytesOf = (metadata: { toJSON(): unknown }): Uint8Array => new TextEncoder().encode(JSON.stringify(metadata.toJSON()));
const isoSecond = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
