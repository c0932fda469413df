/** The list of the revoked, on disk and in mind; and the open connections, so that those of the revoked end. */
import { createHash, verify } from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { revocationListSchema, signedRevocationsSchema, type RevocationList, type SignedRevocations } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import { readCertificate, requireAuthority, seriesOf, untrusted, type Proven } from "./certificate.ts";
import type { SeriesHeld } from "./series.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "../secret-file.ts";

interface OpenConnection {
  readonly proven: Proven;
  end(): void;
}

export class Revocations {
  readonly #path: string;
  readonly #series: SeriesHeld;
  #held: Held | undefined;
  readonly #open = new Set<OpenConnection>();

  constructor(path: string, series: SeriesHeld) {
    this.#path = path;
    this.#series = series;
  }

  /** What is on disk. A list of a fleet that this node has left is none. `HOLON_CONFIG_BAD` where it is damaged. */
  async load(root: X509Certificate): Promise<void> {
    const signed = await readSecretFile(this.#path, signedRevocationsSchema, fileBytesMax);
    if (signed === undefined) return;
    try {
      this.#held = heldOf(signed, readList(signed, root));
    } catch (error) {
      if (!(error instanceof HolonError)) throw error;
      await this.forget();
    }
  }

  signed(): SignedRevocations | undefined {
    return this.#inForce()?.signed;
  }

  version(): number {
    return this.#inForce()?.version ?? 0;
  }

  isRevoked({ node, number }: Pick<Proven, "node" | "number">): boolean {
    return number <= (this.#inForce()?.through.get(node) ?? -1);
  }

  /** `HOLON_IDENTITY_REVOKED`. */
  requireValid(proven: Pick<Proven, "node" | "number">): void {
    if (this.isRevoked(proven)) throw new HolonError("HOLON_IDENTITY_REVOKED", `the certificate of ${proven.node} was revoked`);
  }

  /** Ends the connection when its peer is revoked. Returns the way to let go of it. */
  hold(proven: Proven, end: () => void): () => void {
    const open = { proven, end };
    this.#open.add(open);
    return () => void this.#open.delete(open);
  }

  /** Whether it was newer. `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_SERIES`. */
  async take(signed: SignedRevocations, root: X509Certificate): Promise<boolean> {
    const list = readList(signed, root);
    this.#series.learn(list);
    this.#series.require(list.series, "the list of the revoked");
    if (list.version <= this.version()) return false;
    this.#held = heldOf(signed, list); // refused from now on, whatever the disk says
    for (const open of [...this.#open]) if (this.isRevoked(open.proven)) open.end();
    await writeSecretFile(this.#path, signed);
    return true;
  }

  /** Of another fleet, or from before this node came back: the newest list is asked for with the first link. */
  async forget(): Promise<void> {
    await removeSecretFile(this.#path);
    this.#held = undefined;
  }

  /** One of an older series may be a thief's, with any version and whomever on it; and whom it refuses is refused for the series. */
  #inForce(): Held | undefined {
    return this.#held === undefined || this.#held.series < this.#series.newest ? undefined : this.#held;
  }
}

interface Held {
  readonly signed: SignedRevocations;
  readonly version: number;
  readonly series: number;
  /** By node: its certificates up to this number. */
  readonly through: ReadonlyMap<string, number>;
}

const heldOf = (signed: SignedRevocations, { version, series, revoked }: ReadList): Held => ({ signed, version, series, through: new Map(revoked.map(({ node, through }) => [node, through])) });

const fileBytesMax = 2 * limits.callBytesMax;

/** What an authority signs: says what it is, so that no signature stands for something else. */
export const revocationText = (list: string): Buffer => Buffer.from(`holon revocations\n${createHash("sha256").update(list).digest("hex")}`);

/** With what signed it. */
interface ReadList extends RevocationList {
  readonly signer: X509Certificate;
  readonly series: number;
}

/** The list, where an authority under the root signed it. `HOLON_IDENTITY_UNTRUSTED`. */
export function readList({ list, proof, chain }: SignedRevocations, root: X509Certificate): ReadList {
  const [first] = chain;
  const signer = requireAuthority(first === undefined ? undefined : readCertificate(first), root);
  if (!verify("sha256", revocationText(list), signer.publicKey, Buffer.from(proof, "base64url"))) throw untrusted("the list of the revoked is not as it was signed");
  return { ...revocationListSchema.parse(JSON.parse(list)), signer, series: seriesOf(signer) }; // an authority signed it: what does not fit is of a later version, and refused as a defect
}
