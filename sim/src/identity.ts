/**
 * Certificates with dates and no arithmetic: what was signed is what the world's authority, or the holder of a key, remembers to have signed. Keys and certificates of a machine survive
 * its power cuts, as a small file that is replaced as a whole would.
 */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { Binding } from "@holon/core/identity/chip.ts";
import { revocationListSchema, type Enrolment, type Invited, type Issued, type Renewal, type RevocationList, type SignedRevocations, type Vouched } from "@holon/core/identity/messages.ts";
import { firstSeries, seriesOver, type SeriesHeard } from "@holon/core/identity/series.ts";
import { isExpired, type Validity } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Measurement } from "@holon/core/measure/measured.ts";
import type { Quote } from "@holon/core/measure/quote.ts";
import type { Attestor, Authority, CertificateSubject, Identity, RenewalOf } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import type { ClockHardware } from "./clock.ts";

interface Certificate extends Invited, Validity {
  readonly number: number;
  readonly key: string;
  readonly series: number;
}

const head = "-----BEGIN SIMULATED-----\n";
const rootPem = `${head}root`;
const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const publicHead = "-----BEGIN PUBLIC KEY-----\n";
const quotedText = (files: readonly Measurement[], nonce: string): string => Buffer.from(hash(canonicalJson([files, nonce])), "hex").toString("base64");
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const untrusted = (message: string): HolonError => new HolonError("HOLON_IDENTITY_UNTRUSTED", message);

/** All that was signed in one world. */
interface Signed {
  readonly proofs: Set<string>;
  readonly lists: Map<string, { readonly text: string; readonly series: number }>;
  readonly certificates: Map<string, Certificate>;
  keys: number;
}

/** The authority of one world. */
export class SimAuthority implements Authority {
  readonly fingerprint = hash(rootPem);
  /** How long the certificates hold that control has issued. */
  readonly certificateMs: number;
  /** How often it issued one. */
  issues = 0;
  series = firstSeries;
  readonly #world: Signed;

  constructor(certificateMs: number, world: Signed = { proofs: new Set(), lists: new Map(), certificates: new Map(), keys: 0 }) {
    this.certificateMs = certificateMs;
    this.#world = world;
  }

  /** What a thief has of it: signs as this one does at present, also when this one is replaced. */
  copy(): SimAuthority {
    const copy = new SimAuthority(this.certificateMs, this.#world);
    copy.series = this.series;
    return copy;
  }

  /** A new key, by its secret. */
  newKey(): string {
    return hash(`key ${++this.#world.keys}`);
  }

  /** Signs with a key's secret: what cannot be told from the name of the key, its hash. */
  signWith(secret: string, text: string): string {
    const proof = hash(`${secret} ${text}`);
    this.#world.proofs.add(`${hash(secret)} ${text} ${proof}`);
    return proof;
  }

  isSigned(key: string, text: string, proof: string): boolean {
    return this.#world.proofs.has(`${key} ${text} ${proof}`);
  }

  /** `HOLON_IDENTITY_UNTRUSTED`. */
  read(pem: string | undefined): Certificate {
    const certificate = pem === undefined ? undefined : this.#world.certificates.get(pem);
    if (certificate === undefined) throw untrusted("the certificate is not of this world");
    return certificate;
  }

  certify(key: string, { node, site, tier, number, validity }: CertificateSubject): Issued {
    const certificate = { node, site, tier, number, ...validity, key, series: this.series };
    const pem = head + canonicalJson(certificate);
    this.#world.certificates.set(pem, certificate);
    this.issues += 1;
    return { chain: [pem], root: rootPem };
  }

  invitation(): Promise<never> {
    return Promise.reject(new HolonError("HOLON_INTERNAL", "nodes of a simulated world are enrolled before it begins"));
  }

  checkEnrolment(): Promise<never> {
    return this.invitation();
  }

  async checkRenewal({ csr, chain, proof }: Renewal): Promise<RenewalOf> {
    const { node, site, tier, number, issuedMs, expiresMs, key, series } = this.read(chain[0]);
    if (!this.isSigned(key, csr, proof)) throw untrusted(`the request is not signed with the key of ${node}'s certificate`);
    return Promise.resolve({ node, site, tier, number, validity: { issuedMs, expiresMs }, key: csr.slice(head.length), heldKey: key, series });
  }

  /** Machines of this world have TPMs for quotes alone. */
  checkChip({ chip }: Enrolment | Renewal): Promise<void> {
    return chip === undefined ? Promise.resolve() : Promise.reject(new HolonError("HOLON_CHIP_REFUSED", "no TPM of this world signs for an identity"));
  }

  challenge(): string {
    return hash(`challenge ${++this.#world.keys}`).slice(0, 32);
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
    const { node, number, issuedMs, expiresMs, key, series } = this.read(chain[0]);
    if (series < this.series) throw seriesOver(`the certificate of ${node}`, series, this.series);
    if (!this.isSigned(key, textOf(text), proof)) throw untrusted(`what ${node} is to have signed is not signed with the key of its certificate`);
    return Promise.resolve({ node, number, validity: { issuedMs, expiresMs } });
  }

  issue(csr: string, subject: CertificateSubject): Promise<Issued> {
    return Promise.resolve(this.certify(csr.slice(head.length), subject));
  }

  sign(list: RevocationList): Promise<SignedRevocations> {
    const { series } = this;
    const text = canonicalJson(list);
    const proof = hash(`${series} ${text}`);
    this.#world.lists.set(proof, { text, series });
    return Promise.resolve({ list: text, proof, chain: [rootPem] });
  }

  /** The series that it was signed under; undefined where it was not. */
  seriesOfList({ list, proof }: SignedRevocations): number | undefined {
    const signed = this.#world.lists.get(proof);
    return signed?.text === list ? signed.series : undefined;
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
  refusesMore: (() => void) | undefined;
  /** For what it reads of others, and, of the machine with the authority, for its own. */
  readonly #authority: SimAuthority;
  readonly #clock: ClockHardware;
  #held: Held;
  #next: { readonly secret: string; readonly csr: string } | undefined;
  #signed: SignedRevocations | undefined;
  #list: (RevocationList & { readonly series: number }) | undefined;
  /** The newest that this machine has heard of. */
  #newest = firstSeries;

  constructor(authority: SimAuthority, clock: ClockHardware, subject: Invited) {
    if (!isNodeName(subject.node)) throw new HolonError("HOLON_INTERNAL", `${subject.node} is no node name`);
    this.node = subject.node;
    this.#authority = authority;
    this.#clock = clock;
    const secret = authority.newKey();
    const issuedMs = clock.wallMs();
    const { chain } = authority.certify(hash(secret), { ...subject, number: issuedMs, validity: { issuedMs, expiresMs: issuedMs + authority.certificateMs } });
    this.#held = this.#read(secret, chain[0]);
    this.#newest = this.series;
  }

  get series(): number {
    return this.#held.certificate.series;
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

  seriesHeard(): SeriesHeard {
    return { own: this.series, newest: this.#newest };
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
    if (held.certificate.series < this.#newest) return Promise.reject(seriesOver("the certificate that came", held.certificate.series, this.#newest));
    this.#held = held;
    this.#next = undefined;
    this.renewals += 1;
    this.learn(held.certificate.series);
    return Promise.resolve();
  }

  /** Of the machine with the authority, when it starts: another certificate where the present one is of a series that is over. */
  certifyHere(): void {
    const { node, site, tier, series } = this.#held.certificate;
    if (series === this.#authority.series) return;
    const secret = this.#authority.newKey();
    const issuedMs = this.#clock.wallMs();
    const { chain } = this.#authority.certify(hash(secret), { node, site, tier, number: issuedMs, validity: { issuedMs, expiresMs: issuedMs + this.#authority.certificateMs } });
    this.#held = this.#read(secret, chain[0]);
    this.learn(this.series);
  }

  /** What a certificate says that it looks at. */
  learn(series: number): void {
    if (series <= this.#newest) return;
    this.#newest = series;
    this.refusesMore?.();
  }

  revocations(): SignedRevocations | undefined {
    return this.#inForce() === undefined ? undefined : this.#signed;
  }

  revocationsVersion(): number {
    return this.#inForce()?.version ?? 0;
  }

  #inForce(): RevocationList | undefined {
    return this.#list === undefined || this.#list.series < this.#newest ? undefined : this.#list;
  }

  revoke(signed: SignedRevocations): Promise<boolean> {
    const series = this.#authority.seriesOfList(signed);
    if (series === undefined) return Promise.reject(untrusted("the list of the revoked is not as it was signed"));
    const list = revocationListSchema.parse(JSON.parse(signed.list));
    this.learn(series);
    if (series < this.#newest) return Promise.reject(seriesOver("the list of the revoked", series, this.#newest));
    if (list.version <= this.revocationsVersion()) return Promise.resolve(false);
    this.#list = { ...list, series };
    this.#signed = signed;
    this.refusesMore?.();
    return Promise.resolve(true);
  }

  /** Why the peer's certificate is no more, if it is not. */
  refusal(peer: Passport): HolonError | undefined {
    if (peer.series < this.#newest) return seriesOver(`the certificate of ${peer.node}`, peer.series, this.#newest);
    return this.#isRevoked(peer) ? new HolonError("HOLON_IDENTITY_REVOKED", `the certificate of ${peer.node} was revoked`) : undefined;
  }

  #isRevoked(peer: Passport): boolean {
    const { number } = peer.#held.certificate;
    const entry = this.#inForce()?.revoked.find(({ node }) => node === peer.node);
    return entry !== undefined && number <= entry.through;
  }

  /** What a certificate says is heard, and it is judged: `HOLON_IDENTITY_SERIES`, `HOLON_IDENTITY_REVOKED`. */
  requireValid(peer: Passport): void {
    this.learn(peer.series);
    const refusal = this.refusal(peer);
    if (refusal !== undefined) throw refusal;
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
