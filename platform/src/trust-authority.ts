// x509 needs decorator metadata to be there before it loads.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { loopbackNames } from "./net-address.ts";

/** A private key (PKCS #8) and its certificate, PEM. */
export interface KeyPair {
  readonly keyPem: string;
  readonly certificatePem: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 86_400_000;

/**
 * Valid from 1970, because a gateway without a battery for its clock boots there and must still talk to its neighbours; and for
 * ten years from now, the life of a site's hardware: nothing renews certificates while there is no enrolment, and an expiry would
 * be a wall-clock cliff. Where "now" is itself 1970, it counts from the date below.
 */
const validFrom = new Date(0);
const earliestNowMs = Date.UTC(2026, 0, 1);
const validMs = 3652 * day;

/** Makes a certificate authority and, signed by it, a server certificate for loopback. ECDSA on P-256 (RFC 8446, section 9.1). */
export async function createAuthority(): Promise<{ readonly authority: KeyPair; readonly server: KeyPair }> {
  const validity = { notBefore: validFrom, notAfter: new Date(Math.max(Date.now(), earliestNowMs) + validMs) };
  const [authorityKeys, serverKeys] = await Promise.all([makeKeys(), makeKeys()]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: "CN=Holon local authority",
    signingAlgorithm: algorithm,
    keys: authorityKeys,
    extensions: [
      // Path length 0: it signs nodes and no further authorities.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const server = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: "CN=Holon node",
    issuer: authority.subject,
    signingAlgorithm: algorithm,
    signingKey: authorityKeys.privateKey,
    publicKey: serverKeys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(loopbackNames.map((name) => ({ type: name === "localhost" ? "dns" : "ip", value: name }))),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  return { authority: await toPem(authorityKeys, authority), server: await toPem(serverKeys, server) };
}

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

/** 127 random bits, positive (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString("hex");
}

async function toPem(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate): Promise<KeyPair> {
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { keyPem: x509.PemConverter.encode(key, "PRIVATE KEY"), certificatePem: certificate.toString("pem") };
}
