/**
 * Certificates with dates and no arithmetic: what was signed is what the world's authority, or the holder of a key, remembers to have signed. Keys and certificates of a machine survive
 * its power cuts, as a small file that is replaced as a whole would.
 */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { Binding } from "@holon/core/identity/chip.ts";
import { revocationListSchema, type Enrolment, type Invited, type Issued, type Renewal, type RevocationList, type SignedRevocations, type Vouched } from "@holon/core/identity/messages.ts";
import { isExpired, type Validity } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Measurement } from "@holon/core/measure/measured.ts";
import type { Quote } from "@holon/core/measure/quote.ts";
import type { Attestor, Authority, CertificateSubject, Identity } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import type { ClockHardware } from "./clock.ts";

interface Certificate extends Invited, Validity {
  readonly number: number;
  readonly key: string;
}

const head = "-----BEGIN SIMULATED-----\n";
const rootPem = `${head}root`;
const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const publicHead = "-----BEGIN PUBLIC KEY-----\n";
const quotedText = (files: readonly Measurement[], nonce: string): string => Buffer.from(hash(canonicalJson([files, nonce])), "hex").toString("base64");
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const untrusted = (message: string): HolonError => new HolonError("HOLON_IDENTITY_UNTRUSTED", message);

/** The authority of one world. */
export class SimAuthority implements Authority {
  readonly fingerprint = hash(rootPem);
  /** How long the certificates hold that control has issued. */
  readonly certificateMs: number;
  /** How often it issued one. */
  issues = 0;
  readonly #signed = new Set<string>();
  readonly #certificates = new Map<string, Certificate>();
  #keys = 0;

  constructor(certificateMs: number) {
    this.certificateMs = certificateMs;
  }

  /** A new key, by its secret. */
  newKey(): string {
    return hash(`key ${++this.#keys}`);
  }

  /** Signs with a key's secret: what cannot be told from the name of the key, its hash. */
  signWith(secret: string, text: string): string {
    const proof = hash(`${secret} ${text}`);
    this.#signed.add(`${hash(secret)} ${text} ${proof}`);
    return proof;
  }

  isSigned(key: string, text: string, proof: string): boolean {
    return this.#signed.has(`${key} ${text} ${proof}`);
  }

  /** `HOLON_IDENTITY_UNTRUSTED`. */
  read(pem: string | undefined): Certificate {
    const certificate = pem === undefined ? undefined : this.#certificates.get(pem);
    if (certificate === undefined) throw untrusted("the certificate is not of this world");
    return certificate;
  }

  certify(key: string, { node, site, tier, number, validity }: CertificateSubject): Issued {
    const certificate = { node, site, tier, number, ...validity, key };
    const pem = head + canonicalJson(certificate);
    this.#certificates.set(pem, certificate);
    this.issues += 1;
    return { chain: [pem], root: rootPem };
  }

  invitation(): Promise<never> {
    return Promise.reject(new HolonError("HOLON_INTERNAL", "nodes of a simulated world are enrolled before it begins"));
  }

  checkEnrolment(): Promise<never> {
    return this.invitation();
  }

  async checkRenewal({ csr, chain, proof }: Renewal): Promise<Invited & { readonly number: number; readonly validity: Validity; readonly key: string }> {
    const { node, site, tier, number, issuedMs, expiresMs, key } = this.read(chain[0]);
    if (!this.isSigned(key, csr, proof)) throw untrusted(`the request is not signed with the key of ${node}'s certificate`);
    return Promise.resolve({ node, site, tier, number, validity: { issuedMs, expiresMs }, key: csr.slice(head.length) });
  }

  /** Machines of this world have TPMs for quotes alone. */
  checkChip({ chip }: Enrolment | Renewal): Promise<void> {
    return chip === undefined ? Promise.resolve() : Promise.reject(new HolonError("HOLON_CHIP_REFUSED", "no TPM of this world signs for an identity"));
  }

  challenge(): string {
    return hash(`challenge ${++this.#keys}`).slice(0, 32);
  }

  checkQuote({ keyPem, message, signature, files }: Quote, nonce: string, known: string | undefined): void {
    const bad = (what: string): HolonError => new HolonError("HOLON_QUOTE_BAD", `a quote was refused: ${what}`);
    if (known !== undefined && known !== keyPem) throw bad("it is signed with another key than this node's TPM had before");
    if (!this.isSigned(keyPem.slice(publicHead.length), message, signature)) throw bad("its signature does not hold");
    if (message !== quotedText(files, nonce)) throw bad("it was not made for this question, or of something else");
  }

  /** What a machine's TPM signs: with a secret that is in no other. */
  attestor(): Attestor {
    const secret = this.newKey();
    return {
      quote: (files, nonce) => Promise.resolve({ files: [...files], message: quotedText(files, nonce), signature: this.signWith(secret, quotedText(files, nonce)), keyPem: publicHead + hash(secret) }),
    };
  }

  async checkVouched(text: Uint8Array, { chain, proof }: Vouched): Promise<{ readonly node: string; readonly number: number; readonly validity: Validity }> {
    const { node, number, issuedMs, expiresMs, key } = this.read(chain[0]);
    if (!this.isSigned(key, textOf(text), proof)) throw untrusted(`what ${node} is to have signed is not signed with the key of its certificate`);
    return Promise.resolve({ node, number, validity: { issuedMs, expiresMs } });
  }

  issue(csr: string, subject: CertificateSubject): Promise<Issued> {
    return Promise.resolve(this.certify(csr.slice(head.length), subject));
  }

  sign(list: RevocationList): Promise<SignedRevocations> {
    const text = canonicalJson(list);
    this.#signed.add(text);
    return Promise.resolve({ list: text, proof: hash(text), chain: [rootPem] });
  }

  isList(text: string): boolean {
    return this.#signed.has(text);
  }
}

interface Held {
  readonly secret: string;
  readonly pem: string;
  readonly certificate: Certificate;
}

/** The identity of one machine, over all its incarnations. */
export class Passport implements Identity {
  readonly node: NodeName;
  /** How often this machine asked for another certificate and got it. */
  renewals = 0;
  /** The network ends the connections of those who are refused from now on. */
  listChanged: (() => void) | undefined;
  readonly #authority: SimAuthority;
  readonly #clock: ClockHardware;
  #held: Held;
  #next: { readonly secret: string; readonly csr: string } | undefined;
  #signed: SignedRevocations | undefined;
  #list: RevocationList | undefined;

  constructor(authority: SimAuthority, clock: ClockHardware, subject: Invited) {
    if (!isNodeName(subject.node)) throw new HolonError("HOLON_INTERNAL", `${subject.node} is no node name`);
    this.node = subject.node;
    this.#authority = authority;
    this.#clock = clock;
    const secret = authority.newKey();
    const issuedMs = clock.wallMs();
    const { chain } = authority.certify(hash(secret), { ...subject, number: issuedMs, validity: { issuedMs, expiresMs: issuedMs + authority.certificateMs } });
    this.#held = this.#read(secret, chain[0]);
  }

  get tier(): string {
    return this.#held.certificate.tier;
  }

  validity(): Validity {
    const { issuedMs, expiresMs } = this.#held.certificate;
    return { issuedMs, expiresMs };
  }

  renewal(): Promise<Renewal> {
    if (this.#next === undefined) {
      const secret = this.#authority.newKey();
      this.#next = { secret, csr: head + hash(secret) };
    }
    const { csr } = this.#next;
    return Promise.resolve({ csr, chain: [this.#held.pem], proof: this.#authority.signWith(this.#held.secret, csr) });
  }

  binding(): Binding {
    return { isBound: false };
  }

  vouch(text: Uint8Array): Vouched {
    return { chain: [this.#held.pem], proof: this.#authority.signWith(this.#held.secret, textOf(text)) };
  }

  adopt({ chain }: Issued): Promise<void> {
    if (this.#next === undefined) return Promise.reject(untrusted("a certificate came that was not asked for"));
    const held = this.#read(this.#next.secret, chain[0]);
    if (held.certificate.node !== this.node || held.certificate.key !== hash(this.#next.secret)) return Promise.reject(untrusted("the certificate is for another node or key"));
    this.#held = held;
    this.#next = undefined;
    this.renewals += 1;
    return Promise.resolve();
  }

  revocations(): SignedRevocations | undefined {
    return this.#signed;
  }

  revocationsVersion(): number {
    return this.#list?.version ?? 0;
  }

  revoke(signed: SignedRevocations): Promise<boolean> {
    if (!this.#authority.isList(signed.list)) return Promise.reject(untrusted("the list of the revoked is not as it was signed"));
    const list = revocationListSchema.parse(JSON.parse(signed.list));
    if (list.version <= this.revocationsVersion()) return Promise.resolve(false);
    this.#list = list;
    this.#signed = signed;
    this.listChanged?.();
    return Promise.resolve(true);
  }

  refuses(peer: Passport): boolean {
    const { number } = peer.#held.certificate;
    const entry = this.#list?.revoked.find(({ node }) => node === peer.node);
    return entry !== undefined && number <= entry.through;
  }

  /** `HOLON_IDENTITY_REVOKED`. */
  requireValid(peer: Passport): void {
    if (this.refuses(peer)) throw new HolonError("HOLON_IDENTITY_REVOKED", `the certificate of ${peer.node} was revoked`);
  }

  /** By this machine's clock. */
  seesExpired(peer: Passport): boolean {
    return isExpired(peer.validity(), this.validity(), { ms: this.#clock.wallMs(), state: this.#clock.state });
  }

  #read(secret: string, pem: string | undefined): Held {
    const certificate = this.#authority.read(pem);
    if (pem === undefined || pem.length > limits.certificateCharactersMax) throw untrusted("the certificate is none");
    return { secret, pem, certificate };
  }
}
