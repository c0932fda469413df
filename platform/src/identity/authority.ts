/**
 * The fleet's authority, `authority/` in the data folder of the node that runs control.
 *
 *     root-key.json      key and certificate of the root; may be taken off line: it is needed only to make an intermediate
 *     intermediate.json  key and certificate of what signs nodes, and the root's certificate
 *
 * Keys and signatures only: who may have a certificate is control's to decide.
 */
import { createHash, randomBytes, sign, verify, type X509Certificate } from "node:crypto";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { Issued } from "@holon/core/identity/messages.ts";
import { firstSeries, seriesOver } from "@holon/core/identity/series.ts";
import { earliestIssuedMs, isDue, type Validity } from "@holon/core/identity/validity.ts";
import type { Authority, Clock } from "@holon/core/ports.ts";
import { tierSchema } from "@holon/core/schema/app.ts";
import { z } from "zod";
import { fingerprintOf, nameOf, provenBy, readCertificate, requireAuthority, seriesOf, tierOf, untrusted } from "./certificate.ts";
import { requireChipProof } from "./chip.ts";
import { readSecretFile, takeSecretFile, writeSecretFile } from "../secret-file.ts";
import { revocationText } from "./revocations.ts";
import { isSignedByInvitation, makeToken } from "./token.ts";
import { verifyQuote } from "../tpm/quote.ts";
import { NodeIdentity, renewalText } from "../identity.ts";

const pem = z.string().startsWith("-----BEGIN ");
const keyPairSchema = z.strictObject({ keyPem: pem, certificatePem: pem });
const intermediateSchema = z.strictObject({ ...keyPairSchema.shape, rootPem: pem });

const day = 86_400_000;
const rootMs = 20 * 365 * day;
const intermediateMs = 365 * day;

const rootPath = (folder: string): string => join(folder, "authority", "root-key.json");
const intermediatePath = (folder: string): string => join(folder, "authority", "intermediate.json");

/** Opens the authority of a data folder; makes it where there is none yet. `HOLON_CONFIG_BAD` if a file is damaged, `HOLON_DISK_…`. */
export async function openAuthority(folder: string, clock: Pick<Clock, "wall">): Promise<Authority> {
  const found = await readSecretFile(intermediatePath(folder), intermediateSchema);
  const first = found ?? (await makeIntermediate(folder, await rootOf(folder, clock), firstSeries, clock));
  const root = readCertificate(first.rootPem);
  const domain = nameOf(root);
  const series = seriesOf(readCertificate(first.certificatePem));

  /** Read each time, so that one that was made anew beside this process signs from then on. Made anew in time, where the root's key is here. */
  async function signer(): Promise<z.infer<typeof intermediateSchema>> {
    const held = await readSecretFile(intermediatePath(folder), intermediateSchema);
    if (held === undefined) throw new HolonError("HOLON_CONFIG_BAD", `${intermediatePath(folder)} is gone`);
    if (!isDue(validityOf(readCertificate(held.certificatePem)), nowMs(clock))) return held;
    const key = await readSecretFile(rootPath(folder), keyPairSchema);
    return key === undefined ? held : await makeIntermediate(folder, key, series, clock); // its date ends nothing: nobody judges it
  }

  const readRequest = async (csr: string): Promise<string> => (await import("./x509.ts")).checkRequest(csr);

  return {
    fingerprint: fingerprintOf(root),
    series,
    invitation: ({ director, ...scope }) => Promise.resolve(makeToken({ ...scope, authority: fingerprintOf(root), ...(director === undefined ? {} : { director }), ...(series === firstSeries ? {} : { series }) })),
    checkEnrolment(request, key) {
      if (!isSignedByInvitation(request, key)) return Promise.reject(untrusted("the request is not signed with the invitation's key"));
      return readRequest(request.csr);
    },
    async checkRenewal({ csr, chain, proof }) {
      const { node, site, number, validity, certificate, series: held } = provenBy(chain.map(readCertificate), root);
      if (!verify("sha256", renewalText(csr), certificate.publicKey, Buffer.from(proof, "base64url"))) throw untrusted(`the request is not signed with the key of ${node}'s certificate`);
      return { node, site, tier: tierSchema.parse(tierOf(certificate)), number, validity, key: await readRequest(csr), heldKey: keyHashOf(certificate), series: held };
    },
    async checkChip(request) {
      const { csr, chip } = request;
      if (chip === undefined) return;
      requireChipProof(chip, csr, "chain" in request ? provenBy(request.chain.map(readCertificate), root).certificate.publicKey : (await import("./x509.ts")).requestedKey(csr));
    },
    challenge: () => randomBytes(16).toString("hex"),
    checkQuote: verifyQuote,
    checkVouched: async (text, { chain, proof }) => {
      const { node, number, validity, certificate, series: held } = provenBy(chain.map(readCertificate), root);
      if (held < series) throw seriesOver(`the certificate of ${node}`, held, series);
      if (!verify("sha256", text, certificate.publicKey, Buffer.from(proof, "base64url"))) throw untrusted(`what ${node} is to have signed is not signed with the key of its certificate`);
      return Promise.resolve({ node, number, validity });
    },
    async issue(csr, subject): Promise<Issued> {
      const by = await signer();
      const { issueLeaf } = await import("./x509.ts");
      return { chain: [await issueLeaf(csr, by, domain, subject), by.certificatePem], root: by.rootPem };
    },
    async sign(list) {
      const by = await signer();
      const text = canonicalJson(list);
      return { list: text, proof: sign("sha256", revocationText(text), by.keyPem).toString("base64url"), chain: [by.certificatePem] };
    },
  };
}

/** As a request's key is told. */
const keyHashOf = ({ publicKey }: X509Certificate): string => createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("hex");

export interface AuthorityStatus {
  readonly domain: string;
  readonly fingerprint: string;
  readonly root: "here" | "away";
  readonly intermediate: Validity;
  readonly series: number;
}

/** `HOLON_CONFIG_BAD` where there is none. */
export async function authorityStatus(folder: string): Promise<AuthorityStatus> {
  const held = await existing(folder);
  const root = readCertificate(held.rootPem);
  const key = await readSecretFile(rootPath(folder), keyPairSchema);
  return { domain: nameOf(root), fingerprint: fingerprintOf(root), root: key === undefined ? "away" : "here", intermediate: validityOf(readCertificate(held.certificatePem)), series: seriesOf(readCertificate(held.certificatePem)) };
}

/** Takes the root's key to another file, of a disk that is then put away, and removes it here. `HOLON_ROOT_KEY_AWAY`, `HOLON_DISK_…`. */
export async function takeRootKey(folder: string, to: string): Promise<void> {
  await existing(folder);
  await takeSecretFile(rootPath(folder), to, keyPairSchema);
}

export interface RenewOptions {
  /** The file that the root's key was taken to; else it is here. */
  readonly from?: string | undefined;
  /** The one until now is in other hands: what it signed is over, for everybody who hears of the new one. The process with control must not run meanwhile, since it shows what is over. */
  readonly isStolen?: boolean;
}

/** Makes the intermediate anew. `HOLON_ROOT_KEY_AWAY`, `HOLON_IDENTITY_UNTRUSTED`. */
export async function renewIntermediate(folder: string, clock: Pick<Clock, "wall">, { from, isStolen = false }: RenewOptions = {}): Promise<void> {
  const held = await existing(folder);
  const key = await readSecretFile(from ?? rootPath(folder), keyPairSchema);
  if (key === undefined) throw new HolonError("HOLON_ROOT_KEY_AWAY", `there is no root key in ${from ?? rootPath(folder)}`);
  if (readCertificate(key.certificatePem).fingerprint256 !== readCertificate(held.rootPem).fingerprint256) throw untrusted(`the key in ${from ?? rootPath(folder)} is of another root`);
  const series = seriesOf(readCertificate(held.certificatePem));
  await makeIntermediate(folder, key, isStolen ? Math.max(series, await heardOf(folder, clock)) + 1 : series, clock);
}

/** What the fleet has heard of may be newer than what is here, where that was put back from a backup. */
const heardOf = async (folder: string, clock: Pick<Clock, "wall">): Promise<number> => (await NodeIdentity.open(folder, clock)).seriesHeld.newest;

async function existing(folder: string): Promise<z.infer<typeof intermediateSchema>> {
  const held = await readSecretFile(intermediatePath(folder), intermediateSchema);
  if (held === undefined) throw new HolonError("HOLON_CONFIG_BAD", `${folder} holds no authority`, { next: "Name the data folder and the node that runs control; the authority is made when it first starts." });
  return held;
}

/** Its key is on disk before anything is signed with it. */
async function rootOf(folder: string, clock: Pick<Clock, "wall">): Promise<z.infer<typeof keyPairSchema>> {
  const found = await readSecretFile(rootPath(folder), keyPairSchema);
  if (found !== undefined) return found;
  const { makeRoot } = await import("./x509.ts");
  return writeSecretFile(rootPath(folder), await makeRoot(`holon-${randomBytes(8).toString("hex")}`, validFor(rootMs, clock)));
}

async function makeIntermediate(folder: string, root: z.infer<typeof keyPairSchema>, series: number, clock: Pick<Clock, "wall">): Promise<z.infer<typeof intermediateSchema>> {
  const { makeIntermediate: make } = await import("./x509.ts");
  const made = await make(root, nameOf(readCertificate(root.certificatePem)), series, validFor(intermediateMs, clock));
  requireAuthority(readCertificate(made.certificatePem), readCertificate(root.certificatePem));
  return writeSecretFile(intermediatePath(folder), { ...made, rootPem: root.certificatePem });
}

const nowMs = (clock: Pick<Clock, "wall">): number => Math.max(clock.wall().ms, earliestIssuedMs);

export function validFor(validMs: number, clock: Pick<Clock, "wall">): Validity {
  const issuedMs = Math.floor(nowMs(clock) / 1000) * 1000; // certificates count in seconds
  return { issuedMs, expiresMs: issuedMs + validMs };
}

const validityOf = (certificate: X509Certificate): Validity => ({ issuedMs: certificate.validFromDate.getTime(), expiresMs: certificate.validToDate.getTime() });
