/** The key of pseudonyms and noise: made here when it is first needed, kept in a cell, and no frame ever carries a cell. */
import type { Log } from "@holon/core/log/log.ts";
import type { Crypto, Random } from "@holon/core/ports.ts";
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
