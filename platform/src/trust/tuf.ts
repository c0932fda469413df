/** The Trust port over tuf-js. Roots are pinned as files of the node's data folder: `pinned/images.root.json`, `pinned/director.root.json`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { SignedTarget, Trust, TrustAnswer } from "@holon/core/ports.ts";
import { diskError, isErrno } from "../disk/error.ts";

export const pinnedPath = (folder: string, repository: "images" | "director"): string => join(folder, "pinned", `${repository}.root.json`);

/** Nothing of the library is loaded before something is verified. */
export function createTrustTuf(folder: string): Trust {
  return {
    async pinned(repository) {
      const path = pinnedPath(folder, repository);
      try {
        return new Uint8Array(await readFile(path));
      } catch (error) {
        if (isErrno(error, "ENOENT")) return undefined;
        throw diskError("read", path, error);
      }
    },
    async verify({ trusted, targets: wanted, atMs, fetch }): Promise<TrustAnswer> {
      const { openTufSession } = await import("./tuf-session.ts");
      const session = await openTufSession({ trusted, baseUrl, atMs, fetch: (url, bytesMax) => fetch(decodeURI(url.slice(baseUrl.length)), bytesMax) });
      try {
        const targets = new Map<string, SignedTarget>();
        const problem = await problemOf(async () => {
          await session.refresh();
          for (const path of wanted) {
            const found = await session.target(path);
            const hash = found?.hashes["sha256"];
            if (found !== undefined && hash !== undefined) targets.set(path, { hash, lengthBytes: found.length });
          }
        });
        const now = session.trusted();
        return { trusted: now, targets: problem === undefined ? targets : new Map(), ...(await standing(now)), problem };
      } finally {
        session.close();
      }
    },
  };
}

/** No address: files are asked for by name. */
const baseUrl = "metadata:/";

async function problemOf(work: () => Promise<void>): Promise<HolonError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof HolonError && error.code.startsWith("HOLON_SIGNATURE_")) return error;
    throw error; // a blob that did not come says nothing of signatures
  }
}

async function standing(trusted: ReadonlyMap<string, Uint8Array>): Promise<{ readonly version: number; readonly expiresMs: number }> {
  const { describeFile } = await import("./tuf-repository.ts");
  const files = ["timestamp.json", "snapshot.json", "targets.json"].flatMap((name) => trusted.get(name) ?? []);
  if (files.length < 3) return { version: 0, expiresMs: 0 };
  const described = files.map(describeFile);
  return { version: described.find(({ kind }) => kind === "targets")?.version ?? 0, expiresMs: Math.min(...described.map(({ expiresMs }) => expiresMs)) };
}
