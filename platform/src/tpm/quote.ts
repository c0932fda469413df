/**
 * What a node is made of, signed by its TPM 2.0: a quote (TPM 2.0 Library, part 3, TPM2_Quote) over PCR 23, into which each line of the measurement log was
 * extended, with the nonce of whoever asks. The key that signs is made in the TPM, restricted to signing what the TPM itself says, and never leaves it.
 */
import { createHash, createPublicKey, randomInt, verify } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { measurementLog, type Measurement } from "@holon/core/measure/measured.ts";
import type { Quote } from "@holon/core/measure/quote.ts";
import { readAttest } from "./attest.ts";
import { flush, primary, withTpm, type TpmBench } from "./tools.ts";

/** For applications, and reset by them: what the firmware measured stands in others. */
const register = 23;
const pcrBytes = 32;
const pauseMs = 500;

/** Both parts of the key as the TPM gives them out: the private one is encrypted for this TPM. */
export interface QuoteKey {
  readonly publicPart: string;
  readonly privatePart: string;
}

/** `HOLON_TPM_FAILED`. */
export function makeQuoteKey(tcti: string | undefined): QuoteKey {
  return withTpm(tcti, (bench) => {
    primary(bench);
    bench.run("tpm2_create", "-C", "primary.ctx", "-G", "ecc256:ecdsa-sha256:null", "-g", "sha256", "-u", "key.pub", "-r", "key.priv", "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda", "-Q");
    flush(bench);
    return { publicPart: base64(bench.get("key.pub")), privatePart: base64(bench.get("key.priv")) };
  });
}

/** The register is the machine's: where another node of it comes in between, what is signed is of neither, and both ask again, each after a while of its own. `HOLON_TPM_FAILED`. */
export function quote(key: QuoteKey, files: readonly Measurement[], nonce: string, tcti: string | undefined, attemptsMax = 8): Quote {
  for (let attempt = 1; ; attempt++) {
    const made = quoteOnce(key, files, nonce, tcti);
    try {
      verifyQuote(made, nonce, undefined);
      return made;
    } catch (cause) {
      if (attempt === attemptsMax) throw new HolonError("HOLON_TPM_FAILED", `PCR ${register} of this machine's TPM is changed by others each time that it is to be quoted`, { cause });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, randomInt(pauseMs * attempt)); // on a thread of its own
    }
  }
}

function quoteOnce(key: QuoteKey, files: readonly Measurement[], nonce: string, tcti: string | undefined): Quote {
  return withTpm(tcti, (bench) => {
    bench.run("tpm2_pcrreset", `${register}`, "-Q");
    for (const line of measurementLog(files)) bench.run("tpm2_pcrextend", `${register}:sha256=${sha256(line).toString("hex")}`, "-Q");
    load(bench, key);
    bench.run("tpm2_quote", "-c", "key.ctx", "-l", `sha256:${register}`, "-q", nonce, "-g", "sha256", "-m", "message", "-s", "signature", "-f", "plain", "-Q");
    flush(bench);
    bench.run("tpm2_readpublic", "-c", "key.ctx", "-f", "pem", "-o", "key.pem", "-Q");
    flush(bench);
    return { files: [...files], message: base64(bench.get("message")), signature: base64(bench.get("signature")), keyPem: Buffer.from(bench.get("key.pem")).toString("utf8") };
  });
}

/** `known`: the key that this node signed with before. `HOLON_QUOTE_BAD`, with what does not fit. */
export function verifyQuote({ files, message, signature, keyPem }: Quote, nonce: string, known: string | undefined): void {
  if (known !== undefined && known !== keyPem) throw bad("it is signed with another key than this node's TPM had before");
  const bytes = Buffer.from(message, "base64");
  let isSigned: boolean;
  try {
    isSigned = verify("sha256", bytes, createPublicKey(keyPem), Buffer.from(signature, "base64"));
  } catch (cause) {
    throw new HolonError("HOLON_QUOTE_BAD", "its key or its signature does not parse", { cause });
  }
  if (!isSigned) throw bad("its signature does not hold");
  const attest = readAttest(bytes);
  if (attest === undefined) throw bad("what is signed is no quote");
  if (attest.nonce.toString("hex") !== nonce) throw bad("it was not made for this question");
  if (!attest.selects(register)) throw bad(`it is not about PCR ${register} alone`);
  if (!attest.pcrDigest.equals(sha256(replay(files)))) throw bad("its measurement log is not what the TPM was told");
}

/** What the PCR holds when each line was extended into it, from zeros. */
function replay(files: readonly Measurement[]): Buffer {
  let value: Buffer = Buffer.alloc(pcrBytes);
  for (const line of measurementLog(files)) value = sha256(Buffer.concat([value, sha256(line)]));
  return value;
}

function load(bench: TpmBench, { publicPart, privatePart }: QuoteKey): void {
  primary(bench);
  bench.put("key.pub", Buffer.from(publicPart, "base64"));
  bench.put("key.priv", Buffer.from(privatePart, "base64"));
  bench.run("tpm2_load", "-C", "primary.ctx", "-u", "key.pub", "-r", "key.priv", "-c", "key.ctx", "-Q");
  flush(bench);
}

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bad = (message: string): HolonError => new HolonError("HOLON_QUOTE_BAD", `a quote was refused: ${message}`);
