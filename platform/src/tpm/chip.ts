/**
 * The key in this machine's TPM 2.0 that a node's identity is bound to. It signs what the node gives it, is made in the chip under the storage primary, and is `fixedtpm`: its private
 * part lies on the disk encrypted for this chip, and no other can load it. Clearing the TPM ends it. It is another key than that of quotes, which signs nothing that comes from outside.
 */
import { flush, primary, withTpm } from "./tools.ts";

export interface ChipKey {
  /** How the tools reach the TPM; the machine's own where it does not say. */
  readonly tcti?: string | undefined;
  readonly publicPart: string;
  readonly privatePart: string;
  readonly keyPem: string;
}

/** `HOLON_TPM_FAILED`. */
export function makeChipKey(tcti: string | undefined): ChipKey {
  return withTpm(tcti, (bench) => {
    primary(bench);
    bench.run("tpm2_create", "-C", "primary.ctx", "-G", "ecc256:ecdsa-sha256:null", "-g", "sha256", "-u", "key.pub", "-r", "key.priv", "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|noda", "-f", "pem", "-o", "key.pem", "-Q");
    flush(bench);
    return { ...(tcti === undefined ? {} : { tcti }), publicPart: base64(bench.get("key.pub")), privatePart: base64(bench.get("key.priv")), keyPem: Buffer.from(bench.get("key.pem")).toString("utf8") };
  });
}

/** ECDSA with SHA-256, DER, base64url. `HOLON_TPM_FAILED`. */
export function signInChip({ tcti, publicPart, privatePart }: ChipKey, text: Uint8Array): string {
  return withTpm(tcti, (bench) => {
    primary(bench);
    bench.put("key.pub", Buffer.from(publicPart, "base64"));
    bench.put("key.priv", Buffer.from(privatePart, "base64"));
    bench.put("text", text);
    bench.run("tpm2_load", "-C", "primary.ctx", "-u", "key.pub", "-r", "key.priv", "-c", "key.ctx", "-Q");
    flush(bench);
    bench.run("tpm2_sign", "-c", "key.ctx", "-g", "sha256", "-s", "ecdsa", "-f", "plain", "-o", "signature", "text", "-Q");
    flush(bench);
    return Buffer.from(bench.get("signature")).toString("base64url");
  });
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
