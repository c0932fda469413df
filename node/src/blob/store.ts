/**
 * Blobs on this node's disk, named by their SHA-256: functions, graphs, parameters that came with them. Other nodes are given them. A partial blob is kept and resumed. Behind the content
 * stands its CRC-32, by which one flipped bit is found and mended; the SHA-256 has the last word.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { mendByCrc } from "@holon/core/log/repair.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { isOfNode } from "@holon/core/model/parameters.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";
import { openOwnBlobs, type OwnBlobs } from "./own-blobs.ts";

export interface BlobStore {
  has(hash: BlobHash): Promise<boolean>;
  /** `HOLON_BLOB_MISSING`; `HOLON_BLOB_BAD` if the disk gives back other bytes than were stored (the blob is then removed). */
  read(hash: BlobHash): Promise<Uint8Array>;
  /** A piece of a blob, and its size; `undefined` if it is not here. */
  piece(hash: BlobHash, offset: number, length: number): Promise<{ readonly bytes: Uint8Array; readonly sizeBytes: number } | undefined>;
  put(content: Uint8Array): Promise<BlobHash>;
  /** Of what is nobody else's: what a unit held that was brought as a blob once. */
  remove(hash: BlobHash): Promise<void>;
  /** What nobody else may have of it, by whatever name they ask. */
  readonly own: OwnBlobs;
  /** Blobs that were found to be damaged beyond mending and removed, with the hash of what was there, each once: whoever read it first is not who has to tell of it. */
  takeDamaged(): ReadonlyMap<BlobHash, string>;
  /** Bytes of a blob that have come so far. */
  partBytes(hash: BlobHash): Promise<number>;
  /** Adds the next piece; `true` when the blob is whole and verified. `HOLON_BLOB_BAD` if it is not what its name says. */
  addPiece(hash: BlobHash, offset: number, bytes: Uint8Array, sizeBytes: number): Promise<boolean>;
}

const path = (hash: BlobHash): string => `blobs/${hash}`;
const checkBytes = 4;
const partPath = (hash: BlobHash): string => `blobs/${hash}.part`;

export async function openBlobStore(disk: Disk, integrity: Integrity): Promise<BlobStore> {
  await disk.makeFolder("blobs");
  await disk.syncFolder("");
  await disk.syncFolder("blobs");
  /** Checked as a whole since the node started. */
  const sound = new Set<BlobHash>();
  let damaged = new Map<BlobHash, string>();
  const present = new Set((await disk.list("blobs")).filter(isBlobHash));
  const own = await openOwnBlobs(disk, integrity);
  const hashOf = (content: Uint8Array): string => toHex(integrity.sha256(content));

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

  function checkOf(content: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(checkBytes);
    new DataView(bytes.buffer).setUint32(0, integrity.crc32(content), true);
    return bytes;
  }

  /** The content as its name says, mended on the disk where one bit was wrong. `HOLON_BLOB_BAD` where it was more: it is then removed. */
  async function verified(hash: BlobHash): Promise<Uint8Array> {
    const stored = await whole(await disk.open(path(hash), { create: false }));
    const content = stored.subarray(0, Math.max(0, stored.length - checkBytes));
    const check = stored.slice(content.length);
    const isAsNamed = hashOf(content) === hash;
    if (isAsNamed && sameBytes(check, checkOf(content))) return content;
    if (isAsNamed || (mends(content, check) && hashOf(content) === hash)) {
      await write(hash, content);
      return content;
    }
    present.delete(hash);
    sound.delete(hash);
    damaged.set(hash, hashOf(content));
    await disk.remove(path(hash));
    throw new HolonError("HOLON_BLOB_BAD", `blob ${hash} is damaged on this node's disk`);
  }

  function mends(content: Uint8Array, check: Uint8Array): boolean {
    if (check.length !== checkBytes || content.length > limits.blobMendBytesMax) return false;
    return mendByCrc(content, new DataView(check.buffer).getUint32(0, true), integrity.crc32(content)) === "mended";
  }

  async function write(hash: BlobHash, content: Uint8Array): Promise<void> {
    const temporary = `${path(hash)}.new`;
    const file = await disk.open(temporary, { create: true });
    try {
      await file.truncate(0);
      await file.write(0, content);
      await file.write(content.length, checkOf(content));
      await file.sync();
    } catch (error) {
      await disk.remove(temporary); // of a disk that is full, the part that would be missing
      throw error;
    } finally {
      await file.close();
    }
    await keep(hash, temporary);
  }

  /** Verifies a partial blob of which all bytes are there, and puts its check behind it. */
  async function complete(file: DiskFile, hash: BlobHash, sizeBytes: number): Promise<"whole" | "bad"> {
    const content = await file.read(0, sizeBytes);
    if (hashOf(content) !== hash) return "bad";
    await file.truncate(sizeBytes);
    await file.write(sizeBytes, checkOf(content));
    await file.sync();
    return "whole";
  }

  /** A node of before kept what its units fitted among them, and what was replaced too. Looked for once. */
  async function setApart(): Promise<void> {
    if (present.size === 0 || (await disk.list("")).includes(apart)) return;
    for (const hash of present) {
      if (!(await isFitted(hash))) continue;
      const content = await verified(hash).catch(unlessBad);
      if (content === undefined) continue; // gone, and told as any that is damaged
      await own.put(content);
      present.delete(hash);
      await disk.remove(path(hash));
    }
    await disk.syncFolder("blobs");
    const file = await disk.open(apart, { create: true });
    await file.sync().finally(() => file.close());
    await disk.syncFolder("");
  }

  async function isFitted(hash: BlobHash): Promise<boolean> {
    const file = await disk.open(path(hash), { create: false });
    try {
      return isOfNode(await file.read(0, Math.min(file.size(), headBytes)));
    } finally {
      await file.close();
    }
  }

  await setApart();
  return {
    own,
    has: (hash) => Promise.resolve(present.has(hash)),
    takeDamaged() {
      const taken = damaged;
      damaged = new Map();
      return taken;
    },
    async read(hash) {
      if (!present.has(hash)) throw new HolonError("HOLON_BLOB_MISSING", `blob ${hash} is not on this node`);
      const content = await verified(hash);
      sound.add(hash);
      return content;
    },
    async piece(hash, offset, length) {
      if (!present.has(hash)) return undefined;
      if (!sound.has(hash)) {
        await verified(hash);
        sound.add(hash);
      }
      const file = await disk.open(path(hash), { create: false });
      try {
        const sizeBytes = file.size() - checkBytes;
        return { bytes: await file.read(offset, Math.max(0, Math.min(length, sizeBytes - offset))), sizeBytes };
      } finally {
        await file.close();
      }
    },
    async put(content) {
      const hash = hashOf(content);
      if (!isBlobHash(hash) || content.length > limits.blobBytesMax) throw new HolonError("HOLON_BLOB_BAD", `a blob of ${content.length} bytes is over the limit of ${limits.blobBytesMax}`);
      if (present.has(hash)) return hash;
      await write(hash, content);
      return hash;
    },
    async remove(hash) {
      present.delete(hash);
      sound.delete(hash);
      await disk.remove(path(hash));
      await disk.syncFolder("blobs");
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
      let outcome: "part" | "whole" | "bad";
      try {
        await file.write(offset, bytes);
        outcome = offset + bytes.length < sizeBytes ? "part" : await complete(file, hash, sizeBytes);
      } finally {
        await file.close();
      }
      if (outcome === "whole") await keep(hash, partPath(hash));
      if (outcome !== "bad") return outcome === "whole";
      await disk.remove(partPath(hash));
      throw new HolonError("HOLON_BLOB_BAD", `blob ${hash} came with other content than its name says`);
    },
  };
}

function unlessBad(error: unknown): undefined {
  if (!(error instanceof HolonError) || error.code !== "HOLON_BLOB_BAD") throw error;
  return undefined;
}

/** That it was looked. */
const apart = "fitted-apart";
/** Of a file of parameters, with what it says of itself. */
const headBytes = 64 << 10;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);
