/**
 * What units hold while they are on their way, on the node that carries control: apart from blobs, which apps' nodes ask for, sealed as the log of that node is, and gone when the
 * unit goes on elsewhere.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { openFile, sealFile } from "@holon/core/log/seal.ts";
import type { Disk } from "@holon/core/ports.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";

export interface StateStore {
  has(hash: BlobHash): boolean;
  /** `HOLON_BLOB_MISSING`, also where the disk gives back something else: it is gone then, and can be brought again. */
  read(hash: BlobHash): Promise<Uint8Array>;
  /** `HOLON_BLOB_BAD` where the content is not what its name says. */
  put(hash: BlobHash, content: Uint8Array): Promise<void>;
  /** Removes all others. */
  keepOnly(hashes: ReadonlySet<BlobHash>): Promise<void>;
}

const folder = "states";
/** A key of its own, which no segment of the log has: segments are counted from 1 and never come so far. */
const sealedAs = 0xffff_fffe;
const path = (hash: BlobHash): string => `${folder}/${hash}`;

export async function openStateStore(disk: Disk, integrity: Integrity): Promise<StateStore> {
  const names = await disk.list(folder);
  const present = new Set(names.filter(isBlobHash));
  for (const name of names) if (!isBlobHash(name)) await disk.remove(`${folder}/${name}`); // begun, and never named
  const isOf = (hash: BlobHash, content: Uint8Array): boolean => toHex(integrity.sha256(content)) === hash;
  /** Of which one piece after the other is asked for. */
  let last: { readonly hash: BlobHash; readonly content: Uint8Array } | undefined;

  async function remove(hash: BlobHash): Promise<void> {
    if (last?.hash === hash) last = undefined;
    present.delete(hash);
    await disk.remove(path(hash));
    await disk.syncFolder(folder);
  }

  async function load(hash: BlobHash): Promise<Uint8Array | undefined> {
    const file = await disk.open(path(hash), { create: false });
    try {
      return openFile(await file.read(0, file.size()), integrity);
    } finally {
      await file.close();
    }
  }

  return {
    has: (hash) => present.has(hash),
    async read(hash) {
      if (last?.hash === hash) return last.content;
      const content = present.has(hash) ? await load(hash) : undefined;
      if (content !== undefined && isOf(hash, content)) {
        last = { hash, content };
        return content;
      }
      if (present.has(hash)) await remove(hash);
      throw new HolonError("HOLON_BLOB_MISSING", `what a unit holds, ${hash.slice(0, 12)}, is not on this node`);
    },
    async put(hash, content) {
      if (!isOf(hash, content) || content.length > 2 * limits.moveStateBytesMax) throw new HolonError("HOLON_BLOB_BAD", `what came as ${hash.slice(0, 12)}, ${content.length} bytes of what a unit holds, is not that`);
      if (present.has(hash)) return;
      await disk.makeFolder(folder);
      await disk.syncFolder("");
      const part = `${path(hash)}.part`;
      await disk.remove(part);
      const file = await disk.open(part, { create: true });
      try {
        await file.write(0, sealFile(content, sealedAs, integrity));
        await file.sync();
      } finally {
        await file.close();
      }
      await disk.rename(part, path(hash));
      await disk.syncFolder(folder);
      present.add(hash);
    },
    async keepOnly(hashes) {
      for (const hash of present) if (!hashes.has(hash)) await remove(hash);
    },
  };
}
