/** What takes this machine's TPM a while, done beside the node's own thread: its tools take their time, one process after the other. One question at a time, since the tools empty what another has loaded. */
import { Worker } from "node:worker_threads";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { quoteSchema, type Quote } from "@holon/core/measure/quote.ts";
import type { Attestor } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import type { ChipKey } from "./chip.ts";
import type { QuoteKey } from "./quote.ts";

export const quoteKeySchema = z.strictObject({ publicPart: z.base64(), privatePart: z.base64() });
export const chipKeySchema = z.strictObject({ tcti: z.string().optional(), publicPart: z.base64(), privatePart: z.base64(), keyPem: z.string().startsWith("-----BEGIN PUBLIC KEY-----") });
const refusedSchema = z.object({ code: z.string(), message: z.string() });

export type TpmWork =
  | { readonly what: "quote key"; readonly tcti: string | undefined }
  | { readonly what: "quote"; readonly tcti: string | undefined; readonly key: QuoteKey; readonly lines: Parameters<Attestor["quote"]>[0]; readonly nonce: string }
  | { readonly what: "chip key"; readonly tcti: string | undefined }
  | { readonly what: "sign"; readonly key: ChipKey; readonly text: Uint8Array };

const inTurn = createTurns();

/** `HOLON_TPM_FAILED`, all of them. */
export const makeQuoteKeyAside = (tcti: string | undefined): Promise<QuoteKey> => ask({ what: "quote key", tcti }, quoteKeySchema);
export const quoteAside = (key: QuoteKey, lines: Parameters<Attestor["quote"]>[0], nonce: string, tcti: string | undefined): Promise<Quote> => ask({ what: "quote", tcti, key, lines, nonce }, quoteSchema);
export const makeChipKeyAside = (tcti: string | undefined): Promise<ChipKey> => ask({ what: "chip key", tcti }, chipKeySchema);
export const signInChipAside = (key: ChipKey, text: Uint8Array): Promise<string> => ask({ what: "sign", key, text }, z.string());

function ask<Answer>(work: TpmWork, schema: z.ZodType<Answer>): Promise<Answer> {
  return inTurn(async () => {
    const answered = await answerOf(work);
    const refused = refusedSchema.safeParse(answered);
    if (refused.success) throw new HolonError(isErrorCode(refused.data.code) ? refused.data.code : "HOLON_TPM_FAILED", refused.data.message);
    return schema.parse(answered);
  });
}

function answerOf(work: TpmWork): Promise<unknown> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { name: "tpm", workerData: work });
  return new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new HolonError("HOLON_TPM_FAILED", `the thread beside the TPM ended with ${code} and said nothing`)));
  });
}
