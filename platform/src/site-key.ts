/**
 * A site's key, to which publishers seal, and how it comes to the site's members: `identity/` in a node's data folder.
 *
 *     site-key.json   the site's X25519 key; made on one of its nodes, never by control
 *     box-key.json    this node's own, made when it asks for the site's
 *
 * Requests and answers are files that a person carries: who has the authority's keys could pose as any member on the network, and be handed the key there.
 */
import { createPrivateKey, generateKeyPairSync, hkdfSync, verify, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { Seals } from "@holon/core/ports.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { z } from "zod";
import { fingerprintOf, provenBy, readCertificate, untrusted, type Proven } from "./identity/certificate.ts";
import type { NodeIdentity } from "./identity.ts";
import { boxPrivateKey, boxPublicKey, hpkeOpen, hpkeSeal, rawPublicKey } from "./seal/hpke.ts";
import { sealFingerprint, unseal, type SealTo } from "./seal.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "./secret-file.ts";

const pem = z.string().startsWith("-----BEGIN ").max(8_192);
const base64url = z.string().regex(/^[\w-]+$/).max(1_024);
const rawKey = z.string().regex(/^[\w-]{43}$/);
const siteKeySchema = z.strictObject({ site: nameSchema, keyPem: pem });
const boxKeySchema = z.strictObject({ keyPem: pem });
const vouched = { site: nameSchema, node: nameSchema, key: rawKey, root: pem, chain: z.array(pem).min(1).max(4), proof: base64url };

/** A node of the site says what the site's key is: for publishers. */
export const siteStatementSchema = z.strictObject({ kind: z.literal("SiteKey"), ...vouched });
export type SiteStatement = z.infer<typeof siteStatementSchema>;
/** A member asks for the site's key: `key` is its own. */
export const keyRequestSchema = z.strictObject({ kind: z.literal("SiteKeyRequest"), ...vouched });
export type KeyRequest = z.infer<typeof keyRequestSchema>;
/** The site's key, for that member alone. */
export const keyShareSchema = z.strictObject({ kind: z.literal("SiteKeyShare"), site: nameSchema, node: nameSchema, key: rawKey, enc: rawKey, sealed: base64url });
export type KeyShare = z.infer<typeof keyShareSchema>;

const siteKeyPath = (folder: string): string => join(folder, "identity", "site-key.json");
const boxKeyPath = (folder: string): string => join(folder, "identity", "box-key.json");
const seedBytes = 32;
const deriveSalt = Buffer.from("holon site derive v1");
const shareInfo = Buffer.from("holon site key share v1");
const shareAad = (site: string, node: string): Buffer => Buffer.from(`${site}\n${node}`);

/** By the key that is there when it is asked. */
export function createSeals(folder: string): Seals {
  return {
    async derive(words) {
      const held = await readSiteKey(folder);
      if (held === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `this node holds no key of its site, and ${words} follow from it`);
      return new Uint8Array(hkdfSync("sha256", held.key.export({ type: "pkcs8", format: "der" }).subarray(-seedBytes), deriveSalt, words, 32));
    },
    async open(bytes, of) {
      const held = await readSiteKey(folder);
      if (held === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `${of} is sealed, and this node holds no key of its site`);
      return new Uint8Array(unseal(bytes, of, held));
    },
  };
}

export async function readSiteKey(folder: string): Promise<SealTo | undefined> {
  const held = await readSecretFile(siteKeyPath(folder), siteKeySchema);
  return held && { site: held.site, key: createPrivateKey(held.keyPem) };
}

/** On the first node of a site. `HOLON_ARGUMENT_BAD` where it holds one. */
export async function makeSiteKey(folder: string, identity: NodeIdentity): Promise<SealTo> {
  const { site } = enrolled(identity);
  if ((await readSiteKey(folder)) !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} holds a key of its site already`, { next: "Use it; or remove identity/site-key.json first, if what was sealed to it is to be opened no more." });
  return keepSiteKey(folder, site, generateKeyPairSync("x25519").privateKey);
}

export async function stateSiteKey(folder: string, identity: NodeIdentity): Promise<SiteStatement> {
  const held = await readSiteKey(folder);
  if (held === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `${folder} holds no key of its site`);
  return { kind: "SiteKey", ...vouchFor("SiteKey", identity, held.key) };
}

/** The same request until it is answered. */
export async function requestSiteKey(folder: string, identity: NodeIdentity): Promise<KeyRequest> {
  const held = await readSecretFile(boxKeyPath(folder), boxKeySchema);
  const key = held === undefined ? generateKeyPairSync("x25519").privateKey : createPrivateKey(held.keyPem);
  if (held === undefined) await writeSecretFile(boxKeyPath(folder), { keyPem: pemOf(key) });
  return { kind: "SiteKeyRequest", ...vouchFor("SiteKeyRequest", identity, key) };
}

/** To a member of the same site of the same fleet, and not to one that was revoked, nor to who shows a certificate that is over, which is what is left to a thief of its key, or one of a series that is over. `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_SERIES`, `HOLON_IDENTITY_REVOKED`, `HOLON_IDENTITY_EXPIRED`. */
export async function shareSiteKey(folder: string, identity: NodeIdentity, request: KeyRequest): Promise<KeyShare> {
  const held = await readSiteKey(folder);
  if (held === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `${folder} holds no key of its site`);
  const proven = checkVouched(request, identity.authority());
  const { node, validity } = proven;
  if (request.site !== held.site) throw untrusted(`${node} is of ${request.site}, and the key is of ${held.site}`);
  identity.seriesHeld.learn(proven);
  identity.requireValid(proven);
  if (identity.isExpired(validity)) throw new HolonError("HOLON_IDENTITY_EXPIRED", `the certificate that ${node} asks with is over`, { next: "Have the node asked for another request when it has its next certificate." });
  const seed = held.key.export({ format: "jwk" }).d ?? "";
  const { enc, ciphertext } = hpkeSeal(boxPublicKey(Buffer.from(request.key, "base64url")), generateKeyPairSync("x25519").privateKey, { info: shareInfo, aad: shareAad(held.site, node), plain: Buffer.from(seed, "base64url") });
  return { kind: "SiteKeyShare", site: held.site, node, key: rawPublicKey(held.key).toString("base64url"), enc: Buffer.from(enc).toString("base64url"), sealed: Buffer.from(ciphertext).toString("base64url") };
}

/** `HOLON_IDENTITY_UNTRUSTED` where it is for another node or site, or altered. */
export async function takeSiteKey(folder: string, identity: NodeIdentity, share: KeyShare): Promise<SealTo> {
  const { node, site } = enrolled(identity);
  const own = await readSecretFile(boxKeyPath(folder), boxKeySchema);
  if (own === undefined || share.node !== node || share.site !== site) throw untrusted(`the key of ${share.site} is for ${share.node}, which asked for it, and this is ${node} of ${site}`);
  const seed = hpkeOpen(createPrivateKey(own.keyPem), { enc: Buffer.from(share.enc, "base64url"), ciphertext: Buffer.from(share.sealed, "base64url") }, { info: shareInfo, aad: shareAad(site, node) });
  const key = seed?.length === 32 ? boxPrivateKey(seed) : undefined;
  if (key === undefined || rawPublicKey(key).toString("base64url") !== share.key) throw untrusted("the share is altered, or the answer to another request");
  const held = await keepSiteKey(folder, site, key);
  await removeSecretFile(boxKeyPath(folder));
  return held;
}

/** What a publisher is shown: that a node of the site vouches for the key. Which authority vouches for the node, and under which series, is told; whether the key is the site's is for the publisher to compare. `HOLON_IDENTITY_UNTRUSTED`. */
export function checkStatement(statement: SiteStatement): { readonly site: string; readonly node: string; readonly key: KeyObject; readonly fingerprint: string; readonly authority: string; readonly series: number } {
  const { node, series } = checkVouched(statement, undefined);
  const key = boxPublicKey(Buffer.from(statement.key, "base64url"));
  return { site: statement.site, node, key, fingerprint: sealFingerprint(key), authority: fingerprintOf(readCertificate(statement.root)), series };
}

async function keepSiteKey(folder: string, site: string, key: KeyObject): Promise<SealTo> {
  await writeSecretFile(siteKeyPath(folder), { site, keyPem: pemOf(key) });
  return { site, key };
}

function vouchFor(kind: string, identity: NodeIdentity, key: KeyObject): Omit<SiteStatement, "kind"> {
  const { node, site } = enrolled(identity);
  const raw = rawPublicKey(key).toString("base64url");
  const { chain, proof } = identity.vouch(vouchedText(kind, site, node, raw));
  const root = identity.credentials().rootPem;
  return { site, node, key: raw, root, chain: [...chain], proof };
}

function checkVouched({ kind, site, node, key, root, chain, proof }: SiteStatement | KeyRequest, authority: string | undefined): Proven {
  const proven = provenBy(chain.map(readCertificate), readCertificate(root));
  if (authority !== undefined && fingerprintOf(readCertificate(root)) !== authority) throw untrusted(`${node} belongs to another fleet`);
  if (proven.node !== node || proven.site !== site) throw untrusted(`the certificate is of ${proven.node} of ${proven.site}, and not of ${node} of ${site}`);
  if (!verify("sha256", vouchedText(kind, site, node, key), proven.certificate.publicKey, Buffer.from(proof, "base64url"))) throw untrusted(`${node} did not sign this`);
  return proven;
}

/** Says what is signed, so that no signature stands for something else. */
const vouchedText = (kind: string, site: string, node: string, key: string): Buffer => Buffer.from(`holon ${kind}\n${site}\n${node}\n${key}`);

function enrolled(identity: NodeIdentity): Proven {
  const self = identity.self();
  if (self === undefined) throw new HolonError("HOLON_IDENTITY_MISSING", "this node has no certificate yet");
  return self;
}

const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
