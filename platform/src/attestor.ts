/** Quotes by this machine's TPM. */
import { join } from "node:path";
import type { Quote } from "@holon/core/measure/quote.ts";
import type { Attestor } from "@holon/core/ports.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";
import { makeQuoteKeyAside, quoteAside, quoteKeySchema } from "./tpm/ask.ts";
import type { QuoteKey } from "./tpm/quote.ts";

/** `folder`: of the node. Both parts of the key lie there; the private one is encrypted for this TPM, and is of use to no other. */
export function createAttestor(folder: string, tcti: string | undefined): Attestor {
  const path = join(folder, "quote-key.json");
  let key: QuoteKey | undefined;

  async function keyHere(): Promise<QuoteKey> {
    key ??= await readSecretFile(path, quoteKeySchema);
    return (key ??= await writeSecretFile(path, await makeQuoteKeyAside(tcti)));
  }

  return {
    quote: async (lines, nonce): Promise<Quote> => quoteAside(await keyHere(), lines, nonce, tcti),
  };
}
