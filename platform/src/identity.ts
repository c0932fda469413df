/**
 * Who a node is, on its own disk: `identity/` in its data folder.
 *
 *     identity.json     key, certificate with what signed it, and the root of the fleet, in one file, so that a power cut leaves all or nothing
 *     next.json         the next key and its request, until that is answered: asked again after a power cut, it is the same request
 *     revocations.json  the newest list of the revoked
 *
 * The key is made here and leaves in nothing.
 */
import { createPublicKey, generateKeyPairSync, sign, type X509Certificate } from "node:crypto";
import { dirname, join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { issuedSchema, type Enrolment, type InvitationToken, type Issued, type Renewal, type SignedRevocations, type Vouched } from "@holon/core/identity/messages.ts";
import { isExpired, type Validity } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Identity } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import { fingerprintOf, presentedChain, provenBy, readCertificate, untrusted, type Proven } from "./identity-certificate.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "./secret-file.ts";
import { pinDirector } from "./identity-pins.ts";
import { Revocations } from "./identity-revocations.ts";
import { signEnrolment } from "./identity-token.ts";

const pem = z.string().startsWith("-----BEGIN ");
const identityFileSchema = z.strictObject({ keyPem: pem, ...issuedSchema.shape });
/** `of`: the invitation, or the certificate that it is to follow. */
const nextFileSchema = z.strictObject({ keyPem: pem, csr: pem, of: z.string() });

/** What TLS shows and trusts. */
export interface Credentials {
  readonly keyPem: string;
  /** Leaf first, without the root. */
  readonly chainPem: string;
  readonly rootPem: string;
}

interface Own extends Credentials {
  readonly chain: readonly string[];
  readonly proven: Proven;
  readonly root: X509Certificate;
}

export class NodeIdentity implements Identity {
  readonly #folder: string;
  readonly #clock: Pick<Clock, "wall">;
  readonly revocationsHeld: Revocations;
  #own: Own | undefined;
  /** By fingerprint: a connection that is taken up again shows the leaf alone. */
  readonly #verified = new Map<string, Proven>();
  readonly #changed = new Set<() => void>();
  /** The request that waits is one file. */
  readonly #inTurn = createTurns();

  private constructor(folder: string, clock: Pick<Clock, "wall">) {
    this.#folder = join(folder, "identity");
    this.#clock = clock;
    this.revocationsHeld = new Revocations(this.#path("revocations"));
  }

  /** `HOLON_CONFIG_BAD` if a file is damaged. */
  static async open(folder: string, clock: Pick<Clock, "wall">): Promise<NodeIdentity> {
    const identity = new NodeIdentity(folder, clock);
    const held = await readSecretFile(identity.#path("identity"), identityFileSchema);
    if (held === undefined) return identity;
    identity.#own = ownOf(held.keyPem, held);
    await identity.revocationsHeld.load(identity.#own.root);
    return identity;
  }

  /** What its own certificate says; `undefined` before it is enrolled. */
  self(): Proven | undefined {
    return this.#own?.proven;
  }

  /** SHA-256 of the root's certificate; `undefined` before it is enrolled. */
  authority(): string | undefined {
    return this.#own === undefined ? undefined : fingerprintOf(this.#own.root);
  }

  /** `HOLON_IDENTITY_MISSING` before it is enrolled. */
  credentials(): Credentials {
    return this.#enrolled();
  }

  validity(): Validity | undefined {
    return this.#own?.proven.validity;
  }

  /** Calls back whenever another certificate is shown from now on. Returns the way to stop. */
  onChange(callback: () => void): () => void {
    this.#changed.add(callback);
    return () => void this.#changed.delete(callback);
  }

  /** Who shows this certificate. Dates and revocation are left to the caller. `HOLON_IDENTITY_UNTRUSTED`. */
  prove(leaf: X509Certificate): Proven {
    const { root } = this.#enrolled();
    const known = this.#verified.get(leaf.fingerprint256);
    const proven = known ?? provenBy(presentedChain(leaf), root);
    if (known === undefined) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined && this.#verified.size >= limits.verifiedCertificatesMax) this.#verified.delete(oldest);
      this.#verified.set(leaf.fingerprint256, proven);
    }
    return proven;
  }

  /** Somebody else's, by this machine's clock, if that knows. */
  isExpired(theirs: Validity): boolean {
    return isExpired(theirs, this.#enrolled().proven.validity, this.#clock.wall());
  }

  async renewal(): Promise<Renewal> {
    const { keyPem, chain, proven } = this.#enrolled();
    const csr = await this.#inTurn(() => this.#request(fingerprintOf(proven.certificate)));
    return { csr, chain: [...chain], proof: sign("sha256", renewalText(csr), keyPem).toString("base64url") };
  }

  vouch(text: Uint8Array): Vouched {
    const { keyPem, chain } = this.#enrolled();
    return { chain: [...chain], proof: sign("sha256", text, keyPem).toString("base64url") };
  }

  /** A request for the first certificate, or for one that takes the place of what is here. */
  async enrolment({ invitation, secret }: Pick<InvitationToken, "invitation" | "secret">): Promise<Enrolment> {
    const csr = await this.#inTurn(() => this.#request(invitation));
    return { invitation, csr, proof: signEnrolment(csr, secret) };
  }

  async adopt(issued: Issued): Promise<void> {
    const { proven, root } = this.#enrolled();
    await this.#inTurn(() => this.#adopt(issued, { authority: fingerprintOf(root), node: proven.node, site: proven.site }));
  }

  /** The same for the first certificate, held to what the token says; with it the director's root is pinned, before there is a certificate. `HOLON_IDENTITY_UNTRUSTED`. */
  async adoptFirst(issued: Issued, token: Pick<InvitationToken, "authority" | "node" | "site" | "director">): Promise<void> {
    await this.#inTurn(() => this.#adopt(issued, token, () => pinDirector(dirname(this.#folder), issued, token.director)));
    await this.revocationsHeld.forget();
  }

  revocations(): SignedRevocations | undefined {
    return this.revocationsHeld.signed();
  }

  revocationsVersion(): number {
    return this.revocationsHeld.version();
  }

  revoke(list: SignedRevocations): Promise<boolean> {
    return this.revocationsHeld.take(list, this.#enrolled().root);
  }

  #enrolled(): Own {
    if (this.#own === undefined) throw new HolonError("HOLON_IDENTITY_MISSING", `there is no certificate in ${this.#folder}`);
    return this.#own;
  }

  /** The request that waits for its answer, or a new one for a new key. */
  async #request(of: string): Promise<string> {
    const waiting = await readSecretFile(this.#path("next"), nextFileSchema);
    if (waiting?.of === of) return waiting.csr;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const keyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const { makeRequest } = await import("./identity-x509.ts");
    const csr = await makeRequest(keyPem, publicKey.export({ type: "spki", format: "pem" }).toString());
    await writeSecretFile(this.#path("next"), { keyPem, csr, of });
    return csr;
  }

  async #adopt(issued: Issued, { authority, node, site }: Pick<InvitationToken, "authority" | "node" | "site">, before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const waiting = await readSecretFile(this.#path("next"), nextFileSchema);
    if (waiting === undefined) throw untrusted("a certificate came that was not asked for");
    const own = ownOf(waiting.keyPem, issued);
    const { proven } = own;
    if (fingerprintOf(own.root) !== authority) throw untrusted("the certificate is of another authority than the one that was named");
    if (proven.node !== node || proven.site !== site) throw untrusted(`the certificate is for ${proven.node} of ${proven.site}, and ${node} of ${site} asked`);
    if (!isFor(waiting.keyPem, proven.certificate)) throw untrusted("the certificate is for another key than the one that it was asked for");
    await before();
    await writeSecretFile(this.#path("identity"), { keyPem: waiting.keyPem, chain: issued.chain, root: issued.root });
    // What was verified under the same root is as good as before, and a session that is taken up again shows no more than the leaf.
    if (this.#own?.root.fingerprint256 !== own.root.fingerprint256) this.#verified.clear();
    this.#own = own;
    await removeSecretFile(this.#path("next"));
    for (const callback of this.#changed) callback();
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

/** Says what is signed, so that no signature stands for something else. */
export const renewalText = (csr: string): Buffer => Buffer.from(`holon renew\n${csr}`);

function isFor(keyPem: string, certificate: X509Certificate): boolean {
  return certificate.publicKey.equals(createPublicKey(keyPem));
}

function ownOf(keyPem: string, { chain, root: rootPem }: Issued): Own {
  const root = readCertificate(rootPem);
  return { keyPem, chain, chainPem: chain.join("\n"), rootPem, root, proven: provenBy(chain.map(readCertificate), root) };
}
