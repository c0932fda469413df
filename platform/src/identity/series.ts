/**
 * The newest series of the authority that this node has heard of, on disk and in mind; and the open connections, so that those of older ones end. It is told by any certificate under the
 * root that says it, whoever shows that.
 */
import type { X509Certificate } from "node:crypto";
import { firstSeries, seriesOver } from "@holon/core/identity/series.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import { readCertificate, requireAuthority, seriesOf, type Proven } from "./certificate.ts";
import { readSecretFile, removeSecretFile, writeSecretFile } from "../secret-file.ts";

const fileSchema = z.strictObject({ certificatePem: z.string().startsWith("-----BEGIN ") });

/** An intermediate under the root, and its series. */
type Said = Pick<Proven, "signer" | "series">;

export class SeriesHeld {
  readonly #path: string;
  #newest = firstSeries;
  #kept = firstSeries;
  readonly #inTurn = createTurns();
  readonly #open = new Set<{ readonly series: number; end(): void }>();

  constructor(path: string) {
    this.#path = path;
  }

  /** What is on disk, and what the node's own certificate says. What a fleet said that this node has left counts for nothing. `HOLON_CONFIG_BAD` where it is damaged. */
  async load(root: X509Certificate, own: Said): Promise<void> {
    this.#newest = this.#kept = own.series;
    const held = await readSecretFile(this.#path, fileSchema);
    if (held === undefined) return;
    const signer = readCertificate(held.certificatePem);
    if (isUnder(signer, root)) this.#newest = this.#kept = Math.max(own.series, seriesOf(signer));
  }

  get newest(): number {
    return this.#newest;
  }

  /** In force at once, whatever the disk says; a write that fails is tried again with the next certificate that is looked at. */
  learn(said: Said): void {
    if (said.series > this.#newest) {
      this.#newest = said.series;
      for (const open of [...this.#open]) if (open.series < this.#newest) open.end();
    }
    if (said.series > this.#kept) this.keep(said).catch(() => undefined);
  }

  /** On disk when it resolves. `HOLON_DISK_…`. */
  keep({ signer, series }: Said): Promise<void> {
    return this.#inTurn(async () => {
      if (series <= this.#kept) return;
      await writeSecretFile(this.#path, { certificatePem: signer.toString() });
      this.#kept = series;
    });
  }

  /** `HOLON_IDENTITY_SERIES`. */
  require(series: number, what: string): void {
    if (series < this.#newest) throw seriesOver(what, series, this.#newest);
  }

  /** Ends the connection when a newer series than its peer's is heard of. Returns the way to let go of it. */
  hold(series: number, end: () => void): () => void {
    const open = { series, end };
    this.#open.add(open);
    if (series < this.#newest) setImmediate(end); // heard of while it opened
    return () => void this.#open.delete(open);
  }

  /** This node is of another fleet now. */
  async begin(own: Said): Promise<void> {
    await this.#inTurn(() => removeSecretFile(this.#path));
    this.#newest = this.#kept = own.series;
  }
}

function isUnder(signer: X509Certificate, root: X509Certificate): boolean {
  try {
    return requireAuthority(signer, root) === signer;
  } catch {
    return false;
  }
}
