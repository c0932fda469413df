import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Codec } from "@holon/core/ports.ts";
import { plainBytes } from "./plain-bytes.ts";

const atLevel = (level: number) => ({ [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 });
/** Level 1: on batches of JSON from 2 to 200 kB levels 2 and 3 cost more time and do not come out smaller. What is small, level 6 makes four parts of a hundred smaller in the same time: most of that is the beginning. */
const [large, small] = [atLevel(1), atLevel(6)];
const smallBytesMax = 16 << 10;
/** What a peer may make the decoder allocate: no honest frame needs a window larger than itself. */
const decompressParams = { [constants.ZSTD_d_windowLogMax]: Math.ceil(Math.log2(limits.frameBytesMax)) };

/** Output is gathered in pieces of this size and joined: large ones for large frames spare the joining, small ones spare memory. */
const chunkBytes = (packedBytes: number): number => Math.min(1 << 20, Math.max(16 << 10, 16 * packedBytes));

/** Checksums and compression by Node's zlib. */
export const createCodec = (): Codec => ({
  crc32: (bytes) => crc32(bytes),
  compress: (bytes, dictionary) => plainBytes(zstdCompressSync(bytes, { params: bytes.length > smallBytesMax ? large : small, pledgedSrcSize: bytes.length, ...known(dictionary) })),
  decompress: (bytes, maxBytes, dictionary) => {
    try {
      // zlib refuses a bound of zero bytes; one byte too many is refused below it all the same.
      const content = zstdDecompressSync(bytes, { params: decompressParams, maxOutputLength: Math.max(1, maxBytes), chunkSize: chunkBytes(bytes.length), ...known(dictionary) });
      if (content.length > maxBytes) throw new RangeError("the content is over the bound");
      return plainBytes(content);
    } catch (cause) {
      throw new HolonError("HOLON_FRAME_BAD", `${bytes.length} compressed bytes do not decode to at most ${maxBytes} bytes`, { cause });
    }
  },
});

const known = (dictionary: Uint8Array | undefined): { dictionary?: Uint8Array } => (dictionary === undefined ? {} : { dictionary });
