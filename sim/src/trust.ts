/**
 * The Trust port in a simulation: the same files and the same order of checks as The Update Framework. A key is a name, and a
 * signature the hash of it and of what is signed: nobody in the simulated world signs with a name that is not his.
 */
import { hash } from "node:crypto";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { Director, SignedRepository, SignedTarget, Trust, TrustAnswer } from "@holon/core/ports.ts";
import { z } from "zod";

const roleSchema = z.strictObject({ keys: z.array(z.string()), threshold: z.int().min(1) });
const metaSchema = z.strictObject({ version: z.int(), hash: z.string() });
const signedSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("root"), version: z.int(), expiresMs: z.number(), roles: z.strictObject({ offline: roleSchema, timestamp: roleSchema }) }),
  z.strictObject({ kind: z.literal("timestamp"), version: z.int(), expiresMs: z.number(), next: metaSchema }),
  z.strictObject({ kind: z.literal("snapshot"), version: z.int(), expiresMs: z.number(), next: metaSchema }),
  z.strictObject({ kind: z.literal("targets"), version: z.int(), expiresMs: z.number(), targets: z.record(z.string(), z.strictObject({ hash: z.string(), lengthBytes: z.int() })) }),
]);
const fileSchema = z.strictObject({ signed: signedSchema, signatures: z.record(z.string(), z.string()) });
type Signed = z.infer<typeof signedSchema>;
type SimFile = z.infer<typeof fileSchema>;
type Root = Extract<Signed, { kind: "root" }>;

const fileBytesMax = 1 << 20;
const rootsMax = 64;

export function createTrust(pinned: Readonly<Partial<Record<SignedRepository, Uint8Array>>>): Trust {
  return {
    pinned: (repository) => Promise.resolve(pinned[repository]),
    async verify({ trusted: before, targets: wanted, atMs, fetch }): Promise<TrustAnswer> {
      const trusted = new Map(before);
      const offered = async (file: string): Promise<Uint8Array> => (await fetch(file, fileBytesMax)) ?? fail("HOLON_SIGNATURE_MISSING", `${file} is not there`);
      try {
        const root = await followRoots(trusted, fetch);
        const within = (file: SimFile): void => {
          if (atMs !== undefined && atMs >= file.signed.expiresMs) fail("HOLON_SIGNATURE_EXPIRED", `${file.signed.kind} is expired`);
        };
        const timestampBytes = await offered("timestamp.json");
        const timestamp = read("timestamp", timestampBytes, root.roles.timestamp);
        const held = trusted.get("timestamp.json");
        if (held !== undefined && isSignedBy(root.roles.timestamp, parse("timestamp", held)) && parse("timestamp", held).signed.version > timestamp.signed.version) fail("HOLON_SIGNATURE_ROLLED_BACK", `timestamp ${timestamp.signed.version} is older than what was verified`);
        within(timestamp);
        trusted.set("timestamp.json", timestampBytes); // what follows may be refused: this is not older for it
        const snapshotBytes = await offered(`${timestamp.signed.next.version}.snapshot.json`);
        const snapshot = read("snapshot", named(snapshotBytes, timestamp.signed.next.hash), root.roles.timestamp);
        within(snapshot);
        trusted.set("snapshot.json", snapshotBytes);
        const targetsBytes = await offered(`${snapshot.signed.next.version}.targets.json`);
        const targets = read("targets", named(targetsBytes, snapshot.signed.next.hash), root.roles.offline);
        within(targets);
        trusted.set("targets.json", targetsBytes);
        const found = new Map(wanted.flatMap((path) => (targets.signed.targets[path] === undefined ? [] : [[path, targets.signed.targets[path]] as const])));
        return { trusted, targets: found, version: targets.signed.version, expiresMs: Math.min(timestamp.signed.expiresMs, snapshot.signed.expiresMs, targets.signed.expiresMs), problem: undefined };
      } catch (error) {
        if (error instanceof HolonError && error.code.startsWith("HOLON_SIGNATURE_")) return { trusted, targets: new Map(), version: 0, expiresMs: 0, problem: error };
        throw error;
      }
    },
  };
}

async function followRoots(trusted: Map<string, Uint8Array>, fetch: (file: string, bytesMax: number) => Promise<Uint8Array | undefined>): Promise<Root> {
  let { signed: root } = parse("root", trusted.get("root.json"));
  for (let step = 0; step < rootsMax; step++) {
    const bytes = await fetch(`${root.version + 1}.root.json`, fileBytesMax);
    if (bytes === undefined) break;
    const next = read("root", bytes, root.roles.offline);
    if (next.signed.version !== root.version + 1) fail("HOLON_SIGNATURE_ROLLED_BACK", `root ${next.signed.version} does not follow ${root.version}`);
    read("root", bytes, next.signed.roles.offline);
    trusted.set("root.json", bytes);
    root = next.signed;
  }
  return root;
}

type Of<Kind extends Signed["kind"]> = SimFile & { readonly signed: Extract<Signed, { kind: Kind }> };

function parse<Kind extends Signed["kind"]>(kind: Kind, bytes: Uint8Array | undefined): Of<Kind> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    json = undefined; // refused by the schema
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success || parsed.data.signed.kind !== kind) return fail("HOLON_SIGNATURE_BAD", `${kind} does not parse`);
  return parsed.data as Of<Kind>; // a parse function: its kind is compared
}

function read<Kind extends Signed["kind"]>(kind: Kind, bytes: Uint8Array, role: z.infer<typeof roleSchema>): Of<Kind> {
  const file = parse(kind, bytes);
  if (!isSignedBy(role, file)) fail("HOLON_SIGNATURE_UNMET", `${kind} was signed by fewer than ${role.threshold} keys`);
  return file;
}

const isSignedBy = ({ keys, threshold: wanted }: z.infer<typeof roleSchema>, { signed, signatures }: SimFile): boolean => keys.filter((key) => signatures[nameOf(key)] === signatureOf(key, signed)).length >= wanted;

const named = (bytes: Uint8Array, expected: string): Uint8Array => (hash("sha256", bytes) === expected ? bytes : fail("HOLON_SIGNATURE_MIXED", `expected the hash ${expected}`));
const nameOf = (key: string): string => hash("sha256", key);
const signatureOf = (key: string, signed: Signed): string => hash("sha256", `${key}\n${canonicalJson(signed)}`);

function fail(code: ErrorCode, message: string): never {
  throw new HolonError(code, message);
}

/** Whoever holds the keys of a repository. */
export class SimRepository {
  readonly #files = new Map<string, Uint8Array>();
  readonly #name: string;
  #rootVersion = 0;
  #version = 0;

  constructor(name: string) {
    this.#name = name;
    this.rotate();
  }

  files(): ReadonlyMap<string, Uint8Array> {
    return this.#files;
  }

  root(): Uint8Array {
    return this.#files.get("1.root.json") ?? fail("HOLON_INTERNAL", "a repository begins with a root");
  }

  rotate({ signersBefore = threshold }: { readonly signersBefore?: number } = {}): void {
    const before = this.#rootVersion === 0 ? [] : this.#keys().slice(0, signersBefore);
    this.#rootVersion += 1;
    const signed: Signed = { kind: "root", version: this.#rootVersion, expiresMs: farMs, roles: { offline: { keys: this.#keys(), threshold }, timestamp: { keys: [this.#online()], threshold: 1 } } };
    this.#files.set(`${this.#rootVersion}.root.json`, encode(signed, [...before, ...this.#keys().slice(0, threshold)]));
  }

  publish(targets: Readonly<Record<string, SignedTarget>>, { signers = threshold, expiresMs = farMs, version = this.#version + 1 }: { readonly signers?: number; readonly expiresMs?: number; readonly version?: number } = {}): void {
    this.#version = version;
    const signed = encode({ kind: "targets", version, expiresMs: farMs, targets: { ...targets } }, this.#keys().slice(0, signers));
    const snapshot = encode({ kind: "snapshot", version, expiresMs: farMs, next: { version, hash: hash("sha256", signed) } }, [this.#online()]);
    const timestamp = encode({ kind: "timestamp", version, expiresMs, next: { version, hash: hash("sha256", snapshot) } }, [this.#online()]);
    this.#files.set(`${version}.targets.json`, signed).set(`${version}.snapshot.json`, snapshot).set("timestamp.json", timestamp);
  }

  #keys(): string[] {
    return ["a", "b", "c"].map((letter) => `${this.#name} ${this.#rootVersion} ${letter}`);
  }

  #online(): string {
    return `${this.#name} ${this.#rootVersion} online`;
  }
}

const threshold = 2;
const farMs = Date.UTC(2100, 0, 1);

const encode = (signed: Signed, keys: readonly string[]): Uint8Array =>
  new TextEncoder().encode(canonicalJson({ signed, signatures: Object.fromEntries(keys.map((key) => [nameOf(key), signatureOf(key, signed)])) }));

/** The control plane's, whose key is one name. */
export function createDirector(name: string): Director {
  return {
    roots: () => Promise.resolve([new SimRepository(name).root()]),
    sign({ version, targets }) {
      const repository = new SimRepository(name);
      repository.publish(Object.fromEntries(targets), { version });
      return Promise.resolve(repository.files());
    },
  };
}
