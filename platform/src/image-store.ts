/** Images as folders: each unpacked once, when a function of it starts, and kept for the next start within a bound. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { HolonError } from "@holon/core/errors.ts";
import { imageBounds } from "@holon/core/image/bounds.ts";
import { fromCrossing, type CrossingError } from "@holon/core/run/crossing.ts";

export interface OpenImage {
  /** Folder that is the root of its files. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly environment: readonly string[];
  readonly workingFolder: string;
}

export interface ImageStore {
  /** Until `release` its files stay. `HOLON_IMAGE_BAD`, `HOLON_UNIT_UNSUPPORTED`, `HOLON_DISK_FULL`. */
  take(archive: Uint8Array, name: string): Promise<{ readonly image: OpenImage; release(): void }>;
  close(): void;
}

interface Kept {
  readonly opening: Promise<OpenImage>;
  readonly folder: string;
  users: number;
}

type Told = ({ readonly kind: "done" } & Omit<OpenImage, "root">) | { readonly kind: "failed"; readonly error: CrossingError };

export function createImageStore(): ImageStore {
  /** By the archive's hash, the one that was taken last at the end. */
  const kept = new Map<string, Kept>();

  function forget(hash: string): void {
    const folder = kept.get(hash)?.folder;
    kept.delete(hash);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  function removeOldest(): void {
    const idle = [...kept].filter(([, { users }]) => users === 0);
    for (const [hash] of idle.slice(0, Math.max(0, idle.length - imageBounds.imagesUnpackedMax))) forget(hash);
  }

  return {
    async take(archive, name) {
      const hash = createHash("sha256").update(archive).digest("hex");
      const known = kept.get(hash) ?? begin(archive, name);
      kept.delete(hash);
      kept.set(hash, known);
      known.users += 1;
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        known.users -= 1;
        removeOldest();
      };
      try {
        return { image: await known.opening, release };
      } catch (error) {
        release();
        if (kept.get(hash) === known) forget(hash);
        throw error;
      }
    },
    close() {
      for (const hash of [...kept.keys()]) forget(hash);
    },
  };
}

function begin(archive: Uint8Array, name: string): Kept {
  const folder = mkdtempSync(join(tmpdir(), "holon-image-"));
  return { folder, users: 0, opening: unpackApart(archive, name, folder) };
}

function unpackApart(archive: Uint8Array, name: string, folder: string): Promise<OpenImage> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./image-worker.ts", import.meta.url), { name: "image", workerData: { archive, folder, name } });
    worker.once("message", (told: Told) => {
      if (told.kind === "failed") return reject(fromCrossing(told.error));
      const { entrypoint, environment, workingFolder } = told;
      resolve({ root: folder, entrypoint, environment, workingFolder });
    });
    worker.once("error", (cause) => reject(new HolonError("HOLON_IMAGE_BAD", `${name} could not be unpacked`, { cause })));
    worker.once("exit", () => reject(new HolonError("HOLON_IMAGE_BAD", `${name} could not be unpacked`)));
  });
}
