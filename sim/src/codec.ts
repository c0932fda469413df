import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import type { Codec } from "@holon/core/ports.ts";

/** Level 1: batches of JSON shrink twelvefold at it, and more costs time. */
const compressOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };

/** Checksums and compression are pure functions, so the simulated world uses the real ones. */
export const createCodec = (): Codec => ({
  crc32: (bytes) => crc32(bytes),
  compress: (bytes, dictionary) => plain(zstdCompressSync(bytes, { ...compressOptions, ...known(dictionary) })),
  decompress: (bytes, maxBytes, dictionary) => {
    try {
      // zlib takes no bound of zero, so one byte too many is refused here.
      const content = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, maxBytes), ...known(dictionary) });
      if (content.length > maxBytes) throw new RangeError("the content is over the bound");
      return plain(content);
    } catch (cause) {
      throw new HolonError("HOLON_FRAME_BAD", `compressed bytes do not decode within ${maxBytes} bytes`, { cause });
    }
  },
});

const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

const known = (dictionary: Uint8Array | undefined): { dictionary?: Uint8Array } => (dictionary === undefined ? {} : { dictionary });
