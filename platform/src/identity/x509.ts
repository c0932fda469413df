/** Makes and reads what Node itself cannot: certificates and requests for them (RFC 5280, RFC 2986). Loaded only when one is made: the library costs a start more than all else of identity. */
// x509 needs decorator metadata to be there before it loads.
import "reflect-metadata";
import { createHash, createPublicKey, webcrypto, type KeyObject } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { printSeries } from "@holon/core/identity/series.ts";
import { printNodeId } from "@holon/core/identity/spiffe.ts";
import type { Validity } from "@holon/core/identity/validity.ts";
import type { CertificateSubject } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { HolonError } from "@holon/core/errors.ts";
import { untrusted } from "./certificate.ts";

/** A private key (PKCS #8) and its certificate, PEM. */
export interface KeyPair {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** ECDSA on P-256: what every TLS 1.3 end has (RFC 8446, section 9.1). */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const authorityUsage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;

/** The root, by the name of the fleet's trust domain. It signs one level of authorities. */
export async function makeRoot(domain: string, validity: Validity): Promise<KeyPair> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...dates(validity),
    serialNumber: chanceHex(16),
    name: [{ CN: [domain] }],
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true), new x509.KeyUsagesExtension(authorityUsage, true), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return { keyPem: await keyToPem(keys.privateKey), certificatePem: certificate.toString("pem") };
}

/** The authority that is on line: it signs nodes and no further authorities. */
export async function makeIntermediate(root: KeyPair, domain: string, series: number, validity: Validity): Promise<KeyPair> {
  const keys = await makeKeys();
  const issuer = new x509.X509Certificate(root.certificatePem);
  const certificate = await x509.X509CertificateGenerator.create({
    ...dates(validity),
    serialNumber: chanceHex(16),
    subject: [{ CN: [`${domain} nodes`] }, { OU: [printSeries(series)] }],
    issuer: issuer.subjectName,
    signingAlgorithm: algorithm,
    signingKey: await keyFromPem(root.keyPem),
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(authorityUsage, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { keyPem: await keyToPem(keys.privateKey), certificatePem: certificate.toString("pem") };
}

/** A node's certificate for both ends of links, for the key in a request that was checked. */
export async function issueLeaf(csrPem: string, signer: KeyPair, domain: string, { node, site, tier, number, validity }: CertificateSubject): Promise<string> {
  if (!isNodeName(node)) throw new HolonError("HOLON_INTERNAL", `${node} is no node name`);
  const issuer = new x509.X509Certificate(signer.certificatePem);
  const certificate = await x509.X509CertificateGenerator.create({
    ...dates(validity),
    serialNumber: evenHex(number.toString(16)) + chanceHex(8),
    subject: [{ CN: [node] }, { O: [site] }, { OU: [tier] }],
    issuer: issuer.subjectName,
    signingAlgorithm: algorithm,
    signingKey: await keyFromPem(signer.keyPem),
    publicKey: new x509.Pkcs10CertificateRequest(csrPem).publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: printNodeId({ domain, site, node }) }]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return certificate.toString("pem");
}

/** A request for a certificate of this key. It names nobody: who asks is told by who signed it beside, and the name by the authority. */
export async function makeRequest(keyPem: string, publicPem: string): Promise<string> {
  const keys = { privateKey: await keyFromPem(keyPem), publicKey: await publicFromPem(publicPem) };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: "CN=Holon node", keys, signingAlgorithm: algorithm });
  return request.toString("pem");
}

/** SHA-256 of the key that it asks for, where it is signed with that key. `HOLON_IDENTITY_UNTRUSTED`. */
export async function checkRequest(csrPem: string): Promise<string> {
  const { request, publicKey, name, curve } = parseRequest(csrPem);
  if (name !== algorithm.name || curve !== algorithm.namedCurve) throw untrusted("the request is for another kind of key than ECDSA on P-256");
  if (!(await request.verify().catch(() => false))) throw untrusted("the request is not signed with the key that it names");
  return createHash("sha256").update(new Uint8Array(publicKey.rawData)).digest("hex");
}

/** The key that it asks for. `HOLON_IDENTITY_UNTRUSTED`. */
export const requestedKey = (csrPem: string): KeyObject => createPublicKey({ key: Buffer.from(parseRequest(csrPem).publicKey.rawData), format: "der", type: "spki" });

interface ParsedRequest {
  readonly request: x509.Pkcs10CertificateRequest;
  readonly publicKey: x509.PublicKey;
  readonly name: string | undefined;
  readonly curve: unknown;
}

/** Its key is read here too: the library looks into that no sooner than it is asked for. */
function parseRequest(csrPem: string): ParsedRequest {
  try {
    const request = new x509.Pkcs10CertificateRequest(csrPem);
    const { publicKey } = request;
    const { algorithm: of } = publicKey;
    return { request, publicKey, ...("namedCurve" in of ? { name: of.name, curve: of.namedCurve } : { name: undefined, curve: undefined }) };
  } catch (cause) {
    throw new HolonError("HOLON_IDENTITY_UNTRUSTED", "what should be a request for a certificate does not parse", { cause });
  }
}

const dates = ({ issuedMs, expiresMs }: Validity): { readonly notBefore: Date; readonly notAfter: Date } => ({ notBefore: new Date(issuedMs), notAfter: new Date(expiresMs) });

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

const evenHex = (hex: string): string => hex.padStart(hex.length + (hex.length % 2), "0");

const chanceHex = (bytes: number): string => {
  const chance = Buffer.from(webcrypto.getRandomValues(new Uint8Array(bytes)));
  chance[0] = ((chance[0] ?? 0) & 0x7f) | 0x01; // positive, and as long as it is (RFC 5280, section 4.1.2.2)
  return chance.toString("hex");
};

const keyFromPem = (pem: string): Promise<webcrypto.CryptoKey> => webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), algorithm, false, ["sign"]);
const publicFromPem = (pem: string): Promise<webcrypto.CryptoKey> => webcrypto.subtle.importKey("spki", x509.PemConverter.decodeFirst(pem), algorithm, true, ["verify"]);
const keyToPem = async (key: webcrypto.CryptoKey): Promise<string> => x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
