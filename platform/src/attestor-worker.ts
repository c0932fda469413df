/** The thread in which the TPM's tools are waited for: one question, one answer, and it ends. */
import { parentPort, workerData } from "node:worker_threads";
import { toHolonError } from "@holon/core/errors.ts";
import type { AttestorWork } from "./attestor.ts";
import { makeQuoteKey, quote } from "./tpm-quote.ts";

const work = workerData as AttestorWork; // a parse function: handed over by this program alone

function answer(): object {
  try {
    return work.key === undefined ? { key: makeQuoteKey(work.tcti) } : { quote: quote(work.key, work.lines, work.nonce, work.tcti) };
  } catch (error) {
    const { code, message } = toHolonError(error);
    return { code, message };
  }
}

parentPort?.postMessage(answer());
