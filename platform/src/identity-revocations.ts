/** The list of the revoked, on disk and in mind; and the open connections, so that those of the revoked end. */
import { createHash, verify } from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { revocationListSchema, signedRevocationsSchema, type RevocationList, type SignedRevocations } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import { readCertificate, requireAuthority, untrusted, type Proven } from "./identity-certificate.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "./secret-file.ts";

interface OpenConnection {
  readonly proven: Proven;
  end(): void;
}

export class Revocations {
  readonly #path: string;
  #signed: SignedRevocations | undefined;
  #version = 0;
  /** By node: its certificates up to this number. */
  #through: ReadonlyMap<string, number> = new Map();
  readonly #open = new Set<OpenConnection>();

  constructor(path: string) {
    this.#path = path;
  }

  /** What is on disk. A list of a fleet that this node has left is none. `HOLON_CONFIG_BAD` where it is damaged. */
  async load(root: X509Certificate): Promise<void> {
    const signed = await readSecretFile(this.#path, signedRevocationsSchema, fileBytesMax);
    if (signed === undefined) return;
    try {
      this.#follow(signed, readList(signed, root));
    } catch (error) {
      if (!(error instanceof HolonError)) throw error;
      await this.forget();
    }
  }

  signed(): SignedRevocations | undefined {
    return this.#signed;
  }

  version(): number {
    return this.#version;
  }

  isRevoked({ node, number }: Pick<Proven, "node" | "number">): boolean {
    return number <= (this.#through.get(node) ?? -1);
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

  /** Whether it was newer. `HOLON_IDENTITY_UNTRUSTED`. */
  async take(signed: SignedRevocations, root: X509Certificate): Promise<boolean> {
    const list = readList(signed, root);
    if (list.version <= this.#version) return false;
    this.#follow(signed, list); // refused from now on, whatever the disk says
    for (const open of [...this.#open]) if (this.isRevoked(open.proven)) open.end();
    await writeSecretFile(this.#path, signed);
    return true;
  }

  /** Of another fleet, or from before this node came back: the newest list is asked for with the first link. */
  async forget(): Promise<void> {
    await removeSecretFile(this.#path);
    this.#signed = undefined;
    this.#version = 0;
    this.#through = new Map();
  }

  #follow(signed: SignedRevocations, list: RevocationList): void {
    this.#signed = signed;
    this.#version = list.version;
    this.#through = new Map(list.revoked.map(({ node, through }) => [node, through]));
  }
}

const fileBytesMax = 2 * limits.callBytesMax;

/** What an authority signs: says what it is, so that no signature stands for something else. */
export const revocationText = (list: string): Buffer => Buffer.from(`holon revocations\n${createHash("sha256").update(list).digest("hex")}`);

/** The list, where an authority under the root signed it. `HOLON_IDENTITY_UNTRUSTED`. */
export function readList({ list, proof, chain }: SignedRevocations, root: X509Certificate): RevocationList {
  const [first] = chain;
  const signer = requireAuthority(first === undefined ? undefined : readCertificate(first), root);
  if (!verify("sha256", revocationText(list), signer.publicKey, Buffer.from(proof, "base64url"))) throw untrusted("the list of the revoked is not as it was signed");
  return revocationListSchema.parse(JSON.parse(list)); // an authority signed it: what does not fit is of a later version, and refused as a defect
}
