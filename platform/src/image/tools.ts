/** What this machine brings to the reading of images. */
import { constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ImagePlatform, ImageTools } from "@holon/core/image/image.ts";
import { createCrypto } from "../crypto.ts";

/** In the words of the format (OCI Image Index, "platform"; those of Go). */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64", arm: "arm", ia32: "386", riscv64: "riscv64", s390x: "s390x", ppc64: "ppc64le" };

export const imagePlatform = (): ImagePlatform => ({ os: process.platform, architecture: architectures[process.arch] ?? process.arch });

/** The largest window that a layer may want of a decoder. */
const windowLogMax = 27;

export const imageTools: ImageTools = {
  sha256: createCrypto().sha256,
  unpack(bytes, packing, maxBytes) {
    const maxOutputLength = Math.max(1, maxBytes);
    try {
      return packing === "gzip" ? gunzipSync(bytes, { maxOutputLength }) : zstdDecompressSync(bytes, { maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: windowLogMax } });
    } catch {
      return undefined; // said by whoever knows which layer it is
    }
  },
};
