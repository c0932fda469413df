/** The thread in which the TPM's tools are waited for: one question, one answer, and it ends. */
import { parentPort, workerData } from "node:worker_threads";
import { toHolonError } from "@holon/core/errors.ts";
import type { TpmWork } from "./ask.ts";
import { makeChipKey, signInChip } from "./chip.ts";
import { makeQuoteKey, quote } from "./quote.ts";

const work = workerData as TpmWork; // a parse function: handed over by this program alone

function done(): unknown {
  switch (work.what) {
    case "quote key":
      return makeQuoteKey(work.tcti);
    case "quote":
      return quote(work.key, work.lines, work.nonce, work.tcti);
    case "chip key":
      return makeChipKey(work.tcti);
    case "sign":
      return signInChip(work.key, work.text);
  }
}

function answer(): unknown {
  try {
    return done();
  } catch (error) {
    const { code, message } = toHolonError(error);
    return { code, message };
  }
}

parentPort?.postMessage(answer());
