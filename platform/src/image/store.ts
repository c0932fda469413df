/** Images as folders: each unpacked once, when a function of it starts, and kept for the next start within a bound. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { HolonError } from "@holon/core/errors.ts";
import { imageBounds } from "@holon/core/image/bounds.ts";
import { diskError } from "../disk/error.ts";
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
  close(): Promise<void>;
}

interface Kept {
  readonly opening: Promise<OpenImage>;
  /** Of its own; rejects where it could not be made. */
  readonly folder: Promise<string>;
  users: number;
}

type Told = ({ readonly kind: "done" } & Omit<OpenImage, "root">) | { readonly kind: "failed"; readonly error: CrossingError };

/** `base`: a folder of this store's alone, with what an end by force left behind, which goes; without it each image lies in the machine's temporary folder. */
export function createImageStore(base?: string): ImageStore {
  let swept: Promise<string> | undefined;
  /** Once; where it fails (a full disk) whoever takes an image is told, and the next tries again. */
  const sweep = (): Promise<string> => (swept ??= base === undefined ? Promise.resolve(tmpdir()) : rm(base, { recursive: true, force: true }).then(() => mkdir(base, { recursive: true })).then(() => base).catch((error: unknown) => { swept = undefined; throw error; }));
  sweep().catch(() => undefined);
  const removals = new Set<Promise<void>>();
  /** By the archive's hash, the one that was taken last at the end. */
  const kept = new Map<string, Kept>();

  function forget(hash: string): void {
    const known = kept.get(hash);
    kept.delete(hash);
    if (known === undefined) return;
    // What is still being unpacked would come after it. What cannot be removed goes with the next start.
    const removal = known.opening.then(() => undefined, () => undefined).then(() => known.folder).then((folder) => rm(folder, { recursive: true, force: true })).catch(() => undefined).finally(() => removals.delete(removal));
    removals.add(removal);
  }

  function removeOldest(): void {
    const idle = [...kept].filter(([, { users }]) => users === 0);
    for (const [hash] of idle.slice(0, Math.max(0, idle.length - imageBounds.imagesUnpackedMax))) forget(hash);
  }

  return {
    async take(archive, name) {
      const hash = createHash("sha256").update(archive).digest("hex");
      const known = kept.get(hash) ?? begin(archive, name, sweep());
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
    async close() {
      for (const hash of [...kept.keys()]) forget(hash);
      await Promise.all(removals);
    },
  };
}

function begin(archive: Uint8Array, name: string, swept: Promise<string>): Kept {
  const folder = swept.then((base) => mkdtemp(join(base, "holon-image-"))).catch((error: unknown) => Promise.reject(diskError("make a folder for", name, error)));
  return { folder, users: 0, opening: folder.then((made) => unpackApart(archive, name, made)) };
}

function unpackApart(archive: Uint8Array, name: string, folder: string): Promise<OpenImage> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { name: "image", workerData: { archive, folder, name } });
    worker.once("message", (told: Told) => {
      if (told.kind === "failed") return reject(fromCrossing(told.error));
      const { entrypoint, environment, workingFolder } = told;
      resolve({ root: folder, entrypoint, environment, workingFolder });
    });
    worker.once("error", (cause) => reject(new HolonError("HOLON_IMAGE_BAD", `${name} could not be unpacked`, { cause })));
    worker.once("exit", () => reject(new HolonError("HOLON_IMAGE_BAD", `${name} could not be unpacked`)));
  });
}
