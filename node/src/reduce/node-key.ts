/** The key of pseudonyms and noise: made here when it is first needed, kept in a cell, and no frame ever carries a cell. Or that of the site, from the key that its nodes hold and control does not. */
import { HolonError } from "@holon/core/errors.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Crypto, Random, Seals } from "@holon/core/ports.ts";
import { createKeyed, type Keyed } from "@holon/core/reduce/keyed.ts";

const cell = "secret/pseudonyms";

/** One for each app, so that pseudonyms of two apps do not meet. */
export async function keyedFor(app: string, { log, crypto, random }: { readonly log: Log; readonly crypto: Crypto; readonly random: Random }): Promise<Keyed> {
  if (log.cell(cell) === undefined) {
    const made = random.bytes(32);
    await log.append({ cells: [{ key: cell, value: made }] });
  }
  const key = log.cell(cell) ?? new Uint8Array(0);
  return createKeyed(createKeyed(key, crypto.sha256)(`app ${app}`), crypto.sha256);
}

/** The same on all nodes of the site. `HOLON_SEAL_CLOSED` where this one does not hold its key: another one in its place would give other names. */
export async function siteKeyedFor(app: string, { crypto, seals }: { readonly crypto: Crypto; readonly seals?: Seals | undefined }): Promise<Keyed> {
  if (seals === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `pseudonyms of ${app} are to be under the key of the site, and this node holds none`);
  return createKeyed(await seals.derive(`pseudonyms of app ${app}`), crypto.sha256);
}
