import { hash } from "node:crypto";
import type { Crypto } from "@holon/core/ports.ts";

/** Hashing is a pure function, so the simulated world uses the real one. */
export const createCrypto = (): Crypto => ({
  sha256: (bytes) => new Uint8Array(hash("sha256", bytes, "buffer")),
});
