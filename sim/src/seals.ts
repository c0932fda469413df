/** Sealing without arithmetic: a sealed file says for which sites it is, and its content is as it was, told apart by a hash. */
import { hash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import type { Seals } from "@holon/core/ports.ts";

const mark = "SIMSEAL ";

export function simSeal(plain: Uint8Array, of: string, sites: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(`${mark}${JSON.stringify({ of, sites, hash: hash("sha256", plain) })}\n`), plain]));
}

export function createSeals(site: string | undefined): Seals {
  return {
    derive: (words) => (site === undefined ? Promise.reject(new HolonError("HOLON_SEAL_CLOSED", "this node holds no key of its site")) : Promise.resolve(new Uint8Array(hash("sha256", `${site} ${words}`, "buffer")))),
    open(bytes, of) {
      const end = bytes.indexOf(10);
      const text = Buffer.from(bytes.subarray(0, Math.max(end, 0))).toString();
      if (!text.startsWith(mark)) return Promise.reject(new HolonError("HOLON_SEAL_BAD", `${of} is not sealed`));
      const header = JSON.parse(text.slice(mark.length)) as { of: string; sites: string[]; hash: string }; // a parse function: made above alone
      const plain = bytes.subarray(end + 1);
      if (header.of !== of || hash("sha256", plain) !== header.hash) return Promise.reject(new HolonError("HOLON_SEAL_BAD", `${of} is altered`));
      if (site === undefined || !header.sites.includes(site)) return Promise.reject(new HolonError("HOLON_SEAL_CLOSED", `${of} is sealed to ${header.sites.join(", ")}`));
      return Promise.resolve(plain);
    },
  };
}
