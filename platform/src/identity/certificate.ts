/**
 * What a certificate proves: leaf ◀─ intermediate ◀─ root, by signatures and by what each may sign. Dates are not looked at here: who may judge them, and by which clock, is another
 * question. Node's own verification would judge them first.
 */
import { X509Certificate } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { parseNodeId, type NodeId } from "@holon/core/identity/spiffe.ts";
import { firstSeries, parseSeries } from "@holon/core/identity/series.ts";
import type { Validity } from "@holon/core/identity/validity.ts";

export interface Proven extends NodeId {
  /** By which revocation tells a node's certificates apart. */
  readonly number: number;
  readonly validity: Validity;
  readonly certificate: X509Certificate;
  /** What signed it, and the series of that. Whether that is over is the caller's to judge. */
  readonly signer: X509Certificate;
  readonly series: number;
}

/** The node that the first of the certificates is made out to, where the others lead from it to the root. `HOLON_IDENTITY_UNTRUSTED`. */
export function provenBy(chain: readonly X509Certificate[], root: X509Certificate): Proven {
  const [leaf, signer] = withoutRoot(chain, root);
  if (leaf === undefined || leaf.ca) throw untrusted("it shows no certificate of a node");
  const notOurs = `its certificate is not of the authority ${nameOf(root)}`;
  if (signer === undefined) throw untrusted(notOurs); // the root itself signs no node
  let signed = leaf;
  for (const issuer of [signer, root]) {
    if (!issuer.ca || !signed.checkIssued(issuer) || !signed.verify(issuer.publicKey)) throw untrusted(notOurs);
    signed = issuer;
  }
  const id = idOf(leaf);
  if (id === undefined || id.domain !== nameOf(root)) throw untrusted("its certificate names no node of this fleet");
  return { ...id, number: numberOf(leaf), validity: { issuedMs: leaf.validFromDate.getTime(), expiresMs: leaf.validToDate.getTime() }, certificate: leaf, signer, series: seriesOf(signer) };
}

/** An authority's certificate leads to the root: for what it signed itself. `HOLON_IDENTITY_UNTRUSTED`. */
export function requireAuthority(certificate: X509Certificate | undefined, root: X509Certificate): X509Certificate {
  if (certificate?.ca === true && certificate.checkIssued(root) && certificate.verify(root.publicKey)) return certificate;
  throw untrusted(`it is not signed by the authority ${nameOf(root)}`);
}

/** A leaf, what signed it, and the root. */
const chainMax = 3;

/** As the other end sent it, leaf first. */
export function presentedChain(leaf: X509Certificate): readonly X509Certificate[] {
  const chain = [leaf];
  for (let next = leaf.issuerCertificate; next !== undefined && chain.length < chainMax; next = next.issuerCertificate) {
    if (next.fingerprint256 === chain.at(-1)?.fingerprint256) break;
    chain.push(next);
  }
  return chain;
}

/** `HOLON_IDENTITY_UNTRUSTED` where the text is none. */
export function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new HolonError("HOLON_IDENTITY_UNTRUSTED", "what should be a certificate does not parse", { cause });
  }
}

/** SHA-256 of the certificate, 64 lower-case hexadecimal digits. */
export const fingerprintOf = (certificate: X509Certificate): string => certificate.fingerprint256.replaceAll(":", "").toLowerCase();

/** Its common name; of a root that is the fleet's trust domain. */
export const nameOf = (certificate: X509Certificate): string => /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "";

/** Of a leaf: the tier stands as its unit. */
export const tierOf = (certificate: X509Certificate): string => unitOf(certificate) ?? "";

/** Of an intermediate that the root signed: the series stands as its unit. `HOLON_IDENTITY_UNTRUSTED`. */
export function seriesOf(intermediate: X509Certificate): number {
  const unit = unitOf(intermediate);
  const series = unit === undefined ? firstSeries : parseSeries(unit);
  if (series === undefined) throw untrusted("what signed it is of no series that this version knows");
  return series;
}

const unitOf = ({ subject }: X509Certificate): string | undefined => /^OU=(.*)$/m.exec(subject)?.[1];

export const untrusted = (message: string): HolonError => new HolonError("HOLON_IDENTITY_UNTRUSTED", message);

/** Exactly one name, and that a URI (X509-SVID, section 2). */
const idOf = (leaf: X509Certificate): NodeId | undefined => parseNodeId(/^URI:(\S+)$/.exec(leaf.subjectAltName ?? "")?.[1] ?? "");

/** The serial number without its last 8 bytes, which are chance. */
const numberOf = (leaf: X509Certificate): number => Number(`0x0${leaf.serialNumber.slice(0, -16)}`);

const withoutRoot = (chain: readonly X509Certificate[], root: X509Certificate): readonly X509Certificate[] => chain.filter(({ fingerprint256 }) => fingerprint256 !== root.fingerprint256);
