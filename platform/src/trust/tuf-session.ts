/**
 * One look at a repository of The Update Framework: what is trusted so far goes in, what is trusted afterwards comes out. The order of checks is
 * tuf-js's; here it is given a node's own time and its own way to metadata, and keeps nothing but a folder of its own while it lasts.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetFile, Updater } from "tuf-js";
import { signatureError } from "./tuf-error.ts";

export interface TufSession {
  /** Brings root, timestamp, snapshot and targets up to date. `HOLON_SIGNATURE_…`; what was verified before it failed is trusted all the same. */
  refresh(): Promise<void>;
  /** What the roles, the delegated ones included, say of a target; undefined where none names it. */
  target(path: string): Promise<TargetFile | undefined>;
  /** What is trusted now, by file name without version: `root.json`, `timestamp.json`, … */
  trusted(): ReadonlyMap<string, Uint8Array>;
  close(): void;
}

export interface TufSessionOptions {
  /** Holds `root.json` at least. */
  readonly trusted: ReadonlyMap<string, Uint8Array>;
  /** Before the names of files, with a slash at its end. */
  readonly baseUrl: string;
  /** The file, undefined where the repository has none of that name. It may be cut at `bytesMax + 1`: longer is refused. */
  fetch(url: string, bytesMax: number): Promise<Uint8Array | undefined>;
  /** Milliseconds since 1970 by which metadata may have expired; without it nothing has. */
  readonly atMs: number | undefined;
}

export async function openTufSession({ trusted, baseUrl, fetch, atMs }: TufSessionOptions): Promise<TufSession> {
  const [{ Updater }, { DownloadHTTPError, DownloadLengthMismatchError }] = await Promise.all([import("tuf-js"), import("tuf-js/dist/error.js")]);
  const folder = mkdtempSync(join(tmpdir(), "holon-metadata-"));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  /** The library puts it into words of its own: a file that did not come says nothing of signatures. */
  let unfetched: unknown;
  const downloadBytes = async (url: string, bytesMax: number): Promise<Buffer> => {
    const bytes = await fetch(url, bytesMax).catch((error: unknown) => {
      unfetched = error;
      throw error;
    });
    if (bytes === undefined) throw new DownloadHTTPError(`${url} is not there`, 404);
    if (bytes.length > bytesMax) throw new DownloadLengthMismatchError(`${url} is longer than ${bytesMax} bytes`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  const downloadFile = (): Promise<never> => Promise.reject(new Error("targets are fetched as blobs"));
  let updater: Updater;
  try {
    for (const [name, bytes] of trusted) writeFileSync(join(folder, name), bytes);
    updater = new Updater({ metadataDir: folder, metadataBaseUrl: baseUrl, fetcher: { downloadBytes, downloadFile } });
    setTime(updater, atMs);
  } catch (error) {
    close();
    throw signatureError(error);
  }
  async function coded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw unfetched instanceof Error ? unfetched : signatureError(error);
    }
  }
  return {
    refresh: () => coded(updater.refresh()),
    target: (path) => coded(updater.getTargetInfo(path)),
    trusted: () => new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))])),
    close,
  };
}

/** The library takes the machine's time, and has no way to say another: a node may know that its clock is wrong. Where no time is known, nothing has expired in 1970. */
function setTime(updater: Updater, atMs: number | undefined): void {
  const store: unknown = Reflect.get(updater, "trustedSet");
  if (typeof store !== "object" || store === null || !(Reflect.get(store, "referenceTime") instanceof Date)) throw new Error("tuf-js keeps its time elsewhere than it did");
  Reflect.set(store, "referenceTime", new Date(atMs ?? 0));
}
