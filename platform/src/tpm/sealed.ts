/** A key that only this machine's TPM gives out. It is not bound to the state of the machine: that is the quote's to tell. */
import { flush, primary, withTpm } from "./tools.ts";

export function sealInTpm(key: Uint8Array, tcti: string | undefined): { readonly publicPart: string; readonly privatePart: string } {
  return withTpm(tcti, (bench) => {
    primary(bench);
    bench.put("key", key);
    bench.run("tpm2_create", "-C", "primary.ctx", "-i", "key", "-u", "sealed.pub", "-r", "sealed.priv", "-Q");
    flush(bench);
    return { publicPart: base64(bench.get("sealed.pub")), privatePart: base64(bench.get("sealed.priv")) };
  });
}

export function unsealInTpm(publicPart: string, privatePart: string, tcti: string | undefined): Uint8Array {
  return withTpm(tcti, (bench) => {
    primary(bench);
    bench.put("sealed.pub", Buffer.from(publicPart, "base64"));
    bench.put("sealed.priv", Buffer.from(privatePart, "base64"));
    bench.run("tpm2_load", "-C", "primary.ctx", "-u", "sealed.pub", "-r", "sealed.priv", "-c", "sealed.ctx", "-Q");
    flush(bench);
    bench.run("tpm2_unseal", "-c", "sealed.ctx", "-o", "key", "-Q");
    flush(bench);
    return bench.get("key");
  });
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
