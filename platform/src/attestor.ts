/** Quotes by this machine's TPM, made beside the node's own thread: its tools take their time, one process after the other. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { quoteSchema, type Quote } from "@holon/core/measure/quote.ts";
import type { Attestor } from "@holon/core/ports.ts";
import { z } from "zod";
import type { QuoteKey } from "./tpm-quote.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

export const quoteKeySchema = z.strictObject({ publicPart: z.base64(), privatePart: z.base64() });
const answerSchema = z.union([z.object({ key: quoteKeySchema }), z.object({ quote: quoteSchema }), z.object({ code: z.string(), message: z.string() })]);

/** What the other thread is asked; without `key` it makes one. */
export type AttestorWork = { readonly tcti: string | undefined } & ({ readonly key?: undefined } | { readonly key: QuoteKey; readonly lines: Parameters<Attestor["quote"]>[0]; readonly nonce: string });

/** `folder`: of the node. Both parts of the key lie there; the private one is encrypted for this TPM, and is of use to no other. */
export function createAttestor(folder: string, tcti: string | undefined): Attestor {
  const path = join(folder, "quote-key.json");
  let key: QuoteKey | undefined;

  async function keyHere(): Promise<QuoteKey> {
    key ??= await readSecretFile(path, quoteKeySchema);
    if (key !== undefined) return key;
    const made = await ask({ tcti });
    if (!("key" in made)) throw unfit();
    return (key = await writeSecretFile(path, made.key));
  }

  return {
    async quote(lines, nonce): Promise<Quote> {
      const answer = await ask({ tcti, key: await keyHere(), lines, nonce });
      if (!("quote" in answer)) throw unfit();
      return answer.quote;
    },
  };
}

const unfit = (): HolonError => new HolonError("HOLON_INTERNAL", "the thread beside the TPM answered something else");

async function ask(work: AttestorWork): Promise<z.infer<typeof answerSchema>> {
  const worker = new Worker(new URL("./attestor-worker.ts", import.meta.url), { name: "attestor", workerData: work });
  const answered = await new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new HolonError("HOLON_TPM_FAILED", `the thread beside the TPM ended with ${code} and said nothing`)));
  });
  const answer = answerSchema.parse(answered);
  if ("code" in answer) throw new HolonError(isErrorCode(answer.code) ? answer.code : "HOLON_TPM_FAILED", answer.message);
  return answer;
}
