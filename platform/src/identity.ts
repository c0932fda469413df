/**
 * Who a node is, on its own disk: `identity/` in its data folder.
 *
 *     identity.json     key, certificate with what signed it, and the root of the fleet, in one file, so that a power cut leaves all or nothing
 *     enrolled.json     by which invitation it was enrolled last, so that the same one again is known as done
 *     next.json         the next key and its request, until that is answered: asked again after a power cut, it is the same request
 *     revocations.json  the newest list of the revoked
 *     series.json       the certificate that told of the newest series of the authority, where that is not of the node's own
 *
 * The key is made here and leaves in nothing. Where there is a TPM a second one is made in that, and signs each request for a certificate beside it.
 */
import { createPublicKey, generateKeyPairSync, sign, type X509Certificate } from "node:crypto";
import { dirname, join } from "node:path";
import { HolonError, toHolonError, type ErrorCode } from "@holon/core/errors.ts";
import type { Binding, ChipProof } from "@holon/core/identity/chip.ts";
import { issuedSchema, type Enrolment, type InvitationToken, type Issued, type Renewal, type SignedRevocations, type Vouched } from "@holon/core/identity/messages.ts";
import { firstSeries, seriesOver, type SeriesHeard } from "@holon/core/identity/series.ts";
import { isExpired, type Validity } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Identity } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import { fingerprintOf, presentedChain, provenBy, readCertificate, untrusted, type Proven } from "./identity/certificate.ts";
import { chipLost, proveByChip } from "./identity/chip.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "./secret-file.ts";
import { pinDirector } from "./identity/pins.ts";
import { Revocations } from "./identity/revocations.ts";
import { SeriesHeld } from "./identity/series.ts";
import { signEnrolment } from "./identity/token.ts";
import { chipKeySchema, makeChipKeyAside } from "./tpm/ask.ts";
import type { ChipKey } from "./tpm/chip.ts";

const pem = z.string().startsWith("-----BEGIN ");
/** `chip`: the key in the TPM that the certificate is bound to. */
const identityFileSchema = z.strictObject({ keyPem: pem, chip: chipKeySchema.optional(), ...issuedSchema.shape });
/** `of`: the invitation, or the certificate that it is to follow. `chip`: the one that it is to be bound to, where it was not yet; `isOffered`: somebody may have been asked for that, and may have bound it. */
const nextFileSchema = z.strictObject({ keyPem: pem, csr: pem, of: z.string(), chip: chipKeySchema.optional(), isOffered: z.literal(true).optional() });
type Next = z.infer<typeof nextFileSchema>;
/** `number`: of the certificate that came of it. */
const enrolledFileSchema = z.strictObject({ invitation: z.string(), number: z.number() });

/** A TPM that may be used: the machine's own where `tcti` does not say which. */
export interface Tpm {
  readonly tcti: string | undefined;
  /** Without it there is no first certificate either. */
  readonly isRequired?: boolean;
}

/** What TLS shows and trusts. */
export interface Credentials {
  readonly keyPem: string;
  /** Leaf first, without the root. */
  readonly chainPem: string;
  readonly rootPem: string;
}

interface Own extends Credentials {
  readonly chip: ChipKey | undefined;
  readonly chain: readonly string[];
  readonly proven: Proven;
  readonly root: X509Certificate;
}

export class NodeIdentity implements Identity {
  readonly #folder: string;
  readonly #clock: Pick<Clock, "wall">;
  readonly seriesHeld: SeriesHeld;
  readonly revocationsHeld: Revocations;
  #own: Own | undefined;
  /** By fingerprint: a connection that is taken up again shows the leaf alone. */
  readonly #verified = new Map<string, Proven>();
  readonly #changed = new Set<() => void>();
  /** The request that waits is one file. */
  readonly #inTurn = createTurns();
  readonly #tpm: Tpm | undefined;
  /** From the question to the answer: of two at once one would be bound, and the other be told that it is not. */
  readonly renewing = createTurns();
  #chipProblem: HolonError | undefined;

  private constructor(folder: string, clock: Pick<Clock, "wall">, tpm: Tpm | undefined) {
    this.#folder = join(folder, "identity");
    this.#clock = clock;
    this.#tpm = tpm;
    this.seriesHeld = new SeriesHeld(this.#path("series"));
    this.revocationsHeld = new Revocations(this.#path("revocations"), this.seriesHeld);
  }

  /** With a TPM its next certificate is bound to that, if it is not yet. `HOLON_CONFIG_BAD` if a file is damaged. */
  static async open(folder: string, clock: Pick<Clock, "wall">, tpm?: Tpm): Promise<NodeIdentity> {
    const identity = new NodeIdentity(folder, clock, tpm);
    const held = await readSecretFile(identity.#path("identity"), identityFileSchema);
    if (held === undefined) return identity;
    identity.#own = ownOf(held.keyPem, held, held.chip);
    await identity.seriesHeld.load(identity.#own.root, identity.#own.proven);
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

  /** Who shows this certificate. What it says of the series is heard; dates, series and revocation are left to the caller. `HOLON_IDENTITY_UNTRUSTED`. */
  prove(leaf: X509Certificate): Proven {
    const { root } = this.#enrolled();
    const known = this.#verified.get(leaf.fingerprint256);
    const proven = known ?? provenBy(presentedChain(leaf), root);
    if (known === undefined) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined && this.#verified.size >= limits.verifiedCertificatesMax) this.#verified.delete(oldest);
      this.#verified.set(leaf.fingerprint256, proven);
    }
    this.seriesHeld.learn(proven);
    return proven;
  }

  /** `HOLON_IDENTITY_SERIES`, `HOLON_IDENTITY_REVOKED`. */
  requireValid(proven: Pick<Proven, "node" | "number" | "series">): void {
    this.seriesHeld.require(proven.series, `the certificate of ${proven.node}`);
    this.revocationsHeld.requireValid(proven);
  }

  /** Ends the connection when its peer's certificate is no more. Returns the way to let go of it. */
  hold(proven: Proven, end: (code: ErrorCode) => void): () => void {
    const letGo = [this.revocationsHeld.hold(proven, () => end("HOLON_IDENTITY_REVOKED")), this.seriesHeld.hold(proven.series, () => end("HOLON_IDENTITY_SERIES"))];
    return () => letGo.forEach((step) => step());
  }

  /** Somebody else's, by this machine's clock, if that knows. */
  isExpired(theirs: Validity): boolean {
    return isExpired(theirs, this.#enrolled().proven.validity, this.#clock.wall());
  }

  async renewal(challenge?: () => Promise<string>): Promise<Renewal> {
    const { keyPem, chain, proven, chip: bound } = this.#enrolled();
    const { csr } = await this.#inTurn(() => this.#request(fingerprintOf(proven.certificate)));
    const proof = sign("sha256", renewalText(csr), keyPem).toString("base64url");
    const chip = challenge === undefined ? undefined : bound === undefined ? await this.#bind(csr, keyPem, challenge) : await this.#proveBound(bound, csr, keyPem, challenge);
    return { csr, chain: [...chain], proof, ...(chip === undefined ? {} : { chip }) };
  }

  binding(): Binding {
    const problem = this.#chipProblem;
    return { isBound: this.#own?.chip !== undefined, ...(problem === undefined ? {} : { problem: { code: problem.code, message: problem.message, next: problem.next } }) };
  }

  seriesHeard(): SeriesHeard | undefined {
    return this.#own === undefined ? undefined : { own: this.#own.proven.series, newest: this.seriesHeld.newest };
  }

  vouch(text: Uint8Array): Vouched {
    const { keyPem, chain } = this.#enrolled();
    return { chain: [...chain], proof: sign("sha256", text, keyPem).toString("base64url") };
  }

  /** A request for the first certificate, or for one that takes the place of what is here. */
  async enrolment({ invitation, secret }: Pick<InvitationToken, "invitation" | "secret">): Promise<Enrolment> {
    const { csr, keyPem } = await this.#inTurn(() => this.#request(invitation));
    const chip = await this.#bind(csr, keyPem, () => Promise.resolve(invitation));
    return { invitation, csr, proof: signEnrolment(csr, secret, chip?.keyPem), ...(chip === undefined ? {} : { chip }) };
  }

  /** The same without its TPM, for a control that takes none, and why it seems so. */
  async enrolmentUnbound({ invitation, secret }: Pick<InvitationToken, "invitation" | "secret">, because: HolonError): Promise<Enrolment> {
    const { csr } = await this.#inTurn(async () => {
      const { isOffered: _, ...waiting } = await this.#request(invitation);
      return writeSecretFile(this.#path("next"), waiting);
    });
    this.#chipProblem = because;
    return { invitation, csr, proof: signEnrolment(csr, secret) };
  }

  /** Whether it is to be bound to a TPM or not to be enrolled at all. */
  get mustBind(): boolean {
    return this.#tpm?.isRequired === true;
  }

  async adopt(issued: Issued): Promise<void> {
    const { proven, root } = this.#enrolled();
    await this.#inTurn(() => this.#adopt(issued, { authority: fingerprintOf(root), node: proven.node, site: proven.site }, this.#own?.chip));
  }

  /** The same for the first certificate, held to what the token says; with it the director's root is pinned, before there is a certificate. `HOLON_IDENTITY_UNTRUSTED`. */
  async adoptFirst(issued: Issued, token: Pick<InvitationToken, "invitation" | "authority" | "node" | "site" | "director" | "series">): Promise<void> {
    await this.#inTurn(() =>
      this.#adopt(issued, token, undefined, async ({ number }) => {
        await pinDirector(dirname(this.#folder), issued, token.director);
        await writeSecretFile(this.#path("enrolled"), { invitation: token.invitation, number });
      }),
    );
    await this.revocationsHeld.forget();
  }

  /** Whether its certificate, or one that was renewed since, came of that very invitation, and was not revoked as far as is known here. */
  async isEnrolledBy({ invitation, authority, node, site }: Pick<InvitationToken, "invitation" | "authority" | "node" | "site">): Promise<boolean> {
    const own = this.#own?.proven;
    if (own === undefined || own.node !== node || own.site !== site || this.authority() !== authority) return false;
    const by = await readSecretFile(this.#path("enrolled"), enrolledFileSchema);
    // Numbers grow: where the power went before the certificate was kept, the one of before is lower.
    return by?.invitation === invitation && own.number >= by.number && !this.revocationsHeld.isRevoked(own);
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

  /** Of a node that is bound already: without its chip there is no other certificate for it. `HOLON_CHIP_LOST`. */
  async #proveBound(chip: ChipKey, csr: string, keyPem: string, challenge: () => Promise<string>): Promise<ChipProof> {
    const nonce = await challenge();
    try {
      const proof = await proveByChip(chip, nonce, csr, keyPem);
      this.#chipProblem = undefined;
      return proof;
    } catch (error) {
      throw (this.#chipProblem = chipLost(this.#enrolled().proven, error));
    }
  }

  /** Of one that is not bound yet. A TPM that is not to be used, or an authority that does not know of them, leaves it as it was. */
  async #bind(csr: string, keyPem: string, challenge: () => Promise<string>): Promise<ChipProof | undefined> {
    const tpm = this.#tpm;
    if (tpm === undefined) return undefined;
    const nonce = await challenge().catch((error: unknown) => {
      if (error instanceof HolonError && error.code === "HOLON_CALL_UNKNOWN") return undefined;
      throw error;
    });
    if (nonce === undefined) return undefined;
    try {
      const chip = await this.#inTurn(() => this.#chipToBe(csr, tpm));
      const proof = await proveByChip(chip, nonce, csr, keyPem);
      await this.#inTurn(() => this.#offer(csr));
      this.#chipProblem = undefined;
      return proof;
    } catch (error) {
      // Without its chip the request would be one of a node that lost it.
      if (tpm.isRequired === true || this.#own?.chip !== undefined) throw error;
      this.#chipProblem = toHolonError(error); // in its status; it is as it was before there were TPMs
      return undefined;
    }
  }

  /** On the disk before it is shown to anybody: the answer may come in this process's next life. */
  async #chipToBe(csr: string, { tcti }: Tpm): Promise<ChipKey> {
    const waiting = await readSecretFile(this.#path("next"), nextFileSchema);
    if (waiting?.csr !== csr) throw untrusted("the request for a certificate was answered meanwhile");
    if (waiting.chip !== undefined) return waiting.chip;
    const chip = await makeChipKeyAside(tcti);
    await writeSecretFile(this.#path("next"), { ...waiting, chip });
    return chip;
  }

  /** Told to the disk before anybody is asked: whoever answers may answer in this process's next life, and what control has bound is nowhere else. */
  async #offer(csr: string): Promise<void> {
    const waiting = await readSecretFile(this.#path("next"), nextFileSchema);
    if (waiting?.csr !== csr) throw untrusted("the request for a certificate was answered meanwhile");
    await writeSecretFile(this.#path("next"), { ...waiting, isOffered: true });
  }

  /** The request that waits for its answer, or a new one for a new key. */
  async #request(of: string): Promise<Next> {
    const waiting = await readSecretFile(this.#path("next"), nextFileSchema);
    if (waiting?.of === of) return waiting;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const keyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const { makeRequest } = await import("./identity/x509.ts");
    const csr = await makeRequest(keyPem, publicKey.export({ type: "spki", format: "pem" }).toString());
    return writeSecretFile(this.#path("next"), { keyPem, csr, of });
  }

  async #adopt(issued: Issued, { authority, node, site, series = firstSeries }: Pick<InvitationToken, "authority" | "node" | "site" | "series">, bound: ChipKey | undefined, before: (proven: Proven) => Promise<void> = () => Promise.resolve()): Promise<void> {
    const waiting = await readSecretFile(this.#path("next"), nextFileSchema);
    if (waiting === undefined) throw untrusted("a certificate came that was not asked for");
    const chip = bound ?? (waiting.isOffered === true ? waiting.chip : undefined);
    const own = ownOf(waiting.keyPem, issued, chip);
    const { proven } = own;
    if (fingerprintOf(own.root) !== authority) throw untrusted("the certificate is of another authority than the one that was named");
    if (proven.node !== node || proven.site !== site) throw untrusted(`the certificate is for ${proven.node} of ${proven.site}, and ${node} of ${site} asked`);
    if (!isFor(waiting.keyPem, proven.certificate)) throw untrusted("the certificate is for another key than the one that it was asked for");
    const isSameFleet = this.#own?.root.fingerprint256 === own.root.fingerprint256;
    const least = Math.max(series, isSameFleet ? this.seriesHeld.newest : firstSeries);
    if (proven.series < least) throw seriesOver("the certificate that came", proven.series, least);
    await before(proven);
    if (isSameFleet) this.seriesHeld.learn(proven);
    else await this.seriesHeld.begin(proven);
    await writeSecretFile(this.#path("identity"), { keyPem: waiting.keyPem, ...(chip === undefined ? {} : { chip }), chain: issued.chain, root: issued.root });
    // What was verified under the same root is as good as before, and a session that is taken up again shows no more than the leaf.
    if (!isSameFleet) this.#verified.clear();
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

function ownOf(keyPem: string, { chain, root: rootPem }: Issued, chip: ChipKey | undefined): Own {
  const root = readCertificate(rootPem);
  return { keyPem, chip, chain, chainPem: chain.join("\n"), rootPem, root, proven: provenBy(chain.map(readCertificate), root) };
}
