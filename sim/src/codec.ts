import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import type { Codec } from "@holon/core/ports.ts";

/** Level 1: batches of JSON shrink twelvefold at it, and more costs time. */
const compressOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };

/** Larger frames are rare, and what they cost is in the compressing. */
const rememberedBytesMax = 64 << 10;
const rememberedMax = 4_096;

/** One for the process: what is remembered is a pure function of what was packed, whoever packed it. */
const remembered = createMemory();

/**
 * Checksums and compression are pure functions, so the simulated world uses the real ones. What was compressed last is remembered: in
 * one process the same bytes are mostly taken apart again soon, and a decoder that is made anew for each small frame costs more than they do.
 */
export function createCodec(): Codec {
  return {
    crc32: (bytes) => crc32(bytes),
    compress: (bytes, dictionary) => {
      const packed = plain(zstdCompressSync(bytes, { ...compressOptions, ...known(dictionary), chunkSize: roomFor(bytes) }));
      if (bytes.length <= rememberedBytesMax) remembered.add({ packed, content: bytes.slice(), dictionary });
      return packed;
    },
    decompress: (bytes, maxBytes, dictionary) => {
      const content = remembered.take(bytes, dictionary);
      return content !== undefined && content.length <= maxBytes ? content : decompress(bytes, maxBytes, dictionary);
    },
  };
}

/** The content of exactly these packed bytes, as it was packed a while ago in this process; for those who look on, and change nothing. */
export const rememberedContent = (packed: Uint8Array): Uint8Array | undefined => remembered.look(packed);

/** For those who look on: what they unpack is left for whom it is meant. */
export const createOnlookersCodec = (): Codec => ({
  ...createCodec(),
  decompress: (bytes, maxBytes, dictionary) => rememberedContent(bytes) ?? decompress(bytes, maxBytes, dictionary),
});

/** What is packed comes out in one piece: the library's own buffer is made anew each time, and is larger than most of what is packed. */
const roomFor = (bytes: Uint8Array): number => Math.min(Math.max(512, bytes.length + (bytes.length >> 7) + 128), 64 << 10);

function decompress(bytes: Uint8Array, maxBytes: number, dictionary: Uint8Array | undefined): Uint8Array {
  try {
    // zlib takes no bound of zero, so one byte too many is refused here.
    const content = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, maxBytes), ...known(dictionary) });
    if (content.length > maxBytes) throw new RangeError("the content is over the bound");
    return plain(content);
  } catch (cause) {
    throw new HolonError("HOLON_FRAME_BAD", `compressed bytes do not decode within ${maxBytes} bytes`, { cause });
  }
}

interface Remembered {
  readonly packed: Uint8Array;
  readonly content: Uint8Array;
  readonly dictionary: Uint8Array | undefined;
}

interface Memory {
  add(item: Remembered): void;
  /** The content of exactly these bytes, forgotten here: whoever gets it may do with it what it likes. */
  take(packed: Uint8Array, dictionary: Uint8Array | undefined): Uint8Array | undefined;
  look(packed: Uint8Array): Uint8Array | undefined;
}

function createMemory(): Memory {
  /** By a checksum of what was packed, the newest last. */
  const items = new Map<number, Remembered>();
  const find = (packed: Uint8Array, key: number): Remembered | undefined => {
    const item = items.get(key);
    return item !== undefined && Buffer.compare(item.packed, packed) === 0 ? item : undefined;
  };
  return {
    look: (packed) => find(packed, crc32(packed))?.content,
    add(item) {
      items.set(crc32(item.packed), { ...item, packed: item.packed.slice() });
      const [oldest] = items.size > rememberedMax ? items.keys() : [];
      if (oldest !== undefined) items.delete(oldest);
    },
    take(packed, dictionary) {
      const key = crc32(packed);
      const item = find(packed, key);
      if (item === undefined || item.dictionary !== dictionary) return undefined;
      items.delete(key);
      return item.content;
    },
  };
}

const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

const known = (dictionary: Uint8Array | undefined): { dictionary?: Uint8Array } => (dictionary === undefined ? {} : { dictionary });
