import { hash } from "node:crypto";
import type { Crypto } from "@holon/core/ports.ts";
import { plainBytes } from "./plain-bytes.ts";

/** Hashing by OpenSSL. */
export const createCrypto = (): Crypto => ({
  sha256: (bytes) => plainBytes(hash("sha256", bytes, "buffer")),
});
