/**
 * What units of this node fitted to what they were handed, named by its SHA-256: as sensitive as that, and so apart from the blobs that other nodes ask for, and sealed as the log of
 * this node is. Nobody is given any of it but by a move, which the guard decides.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { mendByCrc } from "@holon/core/log/repair.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { openNamedFile, sealFile } from "@holon/core/log/seal.ts";
import type { Disk } from "@holon/core/ports.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";

export interface OwnBlobs {
  has(hash: BlobHash): Promise<boolean>;
  /** `HOLON_BLOB_MISSING`; `HOLON_BLOB_BAD` where the disk gives back something else: it is gone then. */
  read(hash: BlobHash): Promise<Uint8Array>;
  put(content: Uint8Array): Promise<BlobHash>;
  remove(hash: BlobHash): Promise<void>;
  /** Removes all others. */
  keepOnly(hashes: ReadonlySet<BlobHash>): Promise<void>;
}

const folder = "fitted";
/** A key of its own, which neither a segment of the log has nor what is on its way to another node. */
const sealedAs = 0xffff_fffd;
const path = (hash: BlobHash): string => `${folder}/${hash}`;
const checkBytes = 4;

export async function openOwnBlobs(disk: Disk, integrity: Integrity): Promise<OwnBlobs> {
  const names = await disk.list(folder);
  const present = new Set(names.filter(isBlobHash));
  for (const name of names) if (name.endsWith(".new")) await disk.remove(`${folder}/${name}`); // begun, and never named
  const hashOf = (content: Uint8Array): string => toHex(integrity.sha256(content));

  /** Behind the content stands its CRC-32, by which one flipped bit is mended; the name has the last word. */
  function contentOf(stored: Uint8Array, hash: BlobHash): Uint8Array | undefined {
    const content = stored.slice(0, Math.max(0, stored.length - checkBytes));
    if (hashOf(content) === hash) return content;
    const check = stored.slice(content.length);
    if (check.length !== checkBytes || content.length > limits.blobMendBytesMax) return undefined;
    const isMended = mendByCrc(content, new DataView(check.buffer).getUint32(0, true), integrity.crc32(content)) === "mended";
    return isMended && hashOf(content) === hash ? content : undefined;
  }

  async function write(hash: BlobHash, content: Uint8Array): Promise<void> {
    await disk.makeFolder(folder);
    await disk.syncFolder("");
    const whole = new Uint8Array(content.length + checkBytes);
    whole.set(content);
    new DataView(whole.buffer).setUint32(content.length, integrity.crc32(content), true);
    const temporary = `${path(hash)}.new`;
    const file = await disk.open(temporary, { create: true });
    try {
      await file.truncate(0);
      await file.write(0, sealFile(whole, sealedAs, integrity));
      await file.sync();
    } catch (error) {
      await disk.remove(temporary); // of a disk that is full, the part that would be missing
      throw error;
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path(hash));
    await disk.syncFolder(folder);
    present.add(hash);
  }

  async function remove(hash: BlobHash): Promise<void> {
    if (!present.delete(hash)) return;
    await disk.remove(path(hash));
    await disk.syncFolder(folder);
  }

  return {
    has: (hash) => Promise.resolve(present.has(hash)),
    async read(hash) {
      if (!present.has(hash)) throw new HolonError("HOLON_BLOB_MISSING", `what was fitted, ${hash.slice(0, 12)}, is not on this node`);
      const file = await disk.open(path(hash), { create: false });
      const stored = await file.read(0, file.size()).finally(() => file.close());
      const content = contentOf(openNamedFile(stored, integrity), hash);
      if (content !== undefined) return content;
      await remove(hash);
      throw new HolonError("HOLON_BLOB_BAD", `what was fitted, ${hash.slice(0, 12)}, is damaged on this node's disk`);
    },
    async put(content) {
      const hash = hashOf(content);
      if (!isBlobHash(hash) || content.length > limits.blobBytesMax) throw new HolonError("HOLON_BLOB_BAD", `a blob of ${content.length} bytes is over the limit of ${limits.blobBytesMax}`);
      if (!present.has(hash)) await write(hash, content);
      return hash;
    },
    remove,
    async keepOnly(hashes) {
      for (const hash of [...present]) if (!hashes.has(hash)) await remove(hash);
    },
  };
}
