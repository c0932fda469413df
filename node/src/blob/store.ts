/** Blobs on this node's disk, named by their SHA-256: functions, graphs, parameters. A partial blob is kept and resumed. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Crypto, Disk, DiskFile } from "@holon/core/ports.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";

export interface BlobStore {
  has(hash: BlobHash): Promise<boolean>;
  /** `HOLON_BLOB_MISSING`; `HOLON_BLOB_BAD` if the disk gives back other bytes than were stored (the blob is then removed). */
  read(hash: BlobHash): Promise<Uint8Array>;
  /** A piece of a blob, and its size; `undefined` if it is not here. */
  piece(hash: BlobHash, offset: number, length: number): Promise<{ readonly bytes: Uint8Array; readonly sizeBytes: number } | undefined>;
  put(content: Uint8Array): Promise<BlobHash>;
  /** Bytes of a blob that have come so far. */
  partBytes(hash: BlobHash): Promise<number>;
  /** Adds the next piece; `true` when the blob is whole and verified. `HOLON_BLOB_BAD` if it is not what its name says. */
  addPiece(hash: BlobHash, offset: number, bytes: Uint8Array, sizeBytes: number): Promise<boolean>;
}

const path = (hash: BlobHash): string => `blobs/${hash}`;
const partPath = (hash: BlobHash): string => `blobs/${hash}.part`;

export async function openBlobStore(disk: Disk, crypto: Crypto): Promise<BlobStore> {
  await disk.makeFolder("blobs");
  await disk.syncFolder("");
  await disk.syncFolder("blobs");
  const present = new Set((await disk.list("blobs")).filter(isBlobHash));
  const hashOf = (content: Uint8Array): string => toHex(crypto.sha256(content));

  async function keep(hash: BlobHash, from: string): Promise<void> {
    await disk.rename(from, path(hash));
    await disk.syncFolder("blobs");
    present.add(hash);
  }

  async function whole(file: DiskFile): Promise<Uint8Array> {
    try {
      return await file.read(0, file.size());
    } finally {
      await file.close();
    }
  }

  return {
    has: (hash) => Promise.resolve(present.has(hash)),
    async read(hash) {
      if (!present.has(hash)) throw new HolonError("HOLON_BLOB_MISSING", `blob ${hash} is not on this node`);
      const content = await whole(await disk.open(path(hash), { create: false }));
      if (hashOf(content) === hash) return content;
      present.delete(hash);
      await disk.remove(path(hash));
      throw new HolonError("HOLON_BLOB_BAD", `blob ${hash} is damaged on this node's disk`);
    },
    async piece(hash, offset, length) {
      if (!present.has(hash)) return undefined;
      const file = await disk.open(path(hash), { create: false });
      try {
        return { bytes: await file.read(offset, length), sizeBytes: file.size() };
      } finally {
        await file.close();
      }
    },
    async put(content) {
      const hash = hashOf(content);
      if (!isBlobHash(hash) || content.length > limits.blobBytesMax) throw new HolonError("HOLON_BLOB_BAD", `a blob of ${content.length} bytes is over the limit of ${limits.blobBytesMax}`);
      if (present.has(hash)) return hash;
      const temporary = `${path(hash)}.new`;
      const file = await disk.open(temporary, { create: true });
      await file.truncate(0);
      await file.write(0, content);
      await file.sync();
      await file.close();
      await keep(hash, temporary);
      return hash;
    },
    async partBytes(hash) {
      if (!(await disk.list("blobs")).includes(`${hash}.part`)) return 0;
      const file = await disk.open(partPath(hash), { create: false });
      const size = file.size();
      await file.close();
      return size;
    },
    async addPiece(hash, offset, bytes, sizeBytes) {
      if (sizeBytes > limits.blobBytesMax) throw new HolonError("HOLON_BLOB_BAD", `blob ${hash} of ${sizeBytes} bytes is over the limit of ${limits.blobBytesMax}`);
      const file = await disk.open(partPath(hash), { create: true });
      await file.write(offset, bytes);
      if (offset + bytes.length < sizeBytes) {
        await file.close();
        return false;
      }
      await file.sync();
      if (hashOf(await whole(file)) !== hash) {
        await disk.remove(partPath(hash));
        throw new HolonError("HOLON_BLOB_BAD", `blob ${hash} came with other content than its name says`);
      }
      await keep(hash, partPath(hash));
      return true;
    },
  };
}
