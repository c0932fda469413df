/** A recording as decoded text, plain or gzip, piece by piece: memory does not grow with the file. */
import { open, stat, type FileHandle } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { createGunzip, type Gunzip } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";

/** One read of a plain file. */
const plainPieceBytes = 256 << 10;
/** One read of a gzip file: deflate grows at most 1032-fold, so one piece never becomes more than 17 MiB. */
const gzipPieceBytes = 16 << 10;

/** Counts what a reader has seen, decompressed. */
export interface ByteCount {
  bytes: number;
}

export const isGzipName = (path: string): boolean => path.toLowerCase().endsWith(".gz");

/** Text of the file in pieces, without a byte order mark. `HOLON_SOURCE_MISSING`, `_NOT_A_FILE`, `_UNREADABLE`. */
export async function* readText(path: string, count: ByteCount = { bytes: 0 }): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let first = true;
  for await (const piece of readBytes(path)) {
    count.bytes += piece.length;
    if (first) refuseOtherFormats(path, piece);
    const text = decoder.write(piece);
    if (text === "") continue;
    yield first && text.startsWith("\uFEFF") ? text.slice(1) : text;
    first = false;
  }
  const rest = decoder.end();
  if (rest !== "") yield rest;
}

/** Bytes of the file in pieces, decompressed. A piece is valid until the next one is asked for. */
async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const file = await openRegular(path);
  try {
    if (isGzipName(path)) yield* gunzipped(path, pieces(path, file, gzipPieceBytes));
    else yield* pieces(path, file, plainPieceBytes);
  } finally {
    await file.close();
  }
}

async function* pieces(path: string, file: FileHandle, pieceBytes: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  for (;;) {
    const length = await file.read(buffer, 0, pieceBytes, null).then((result) => result.bytesRead, (error: unknown) => {
      throw fileProblem(path, error);
    });
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

/**
 * One compressed piece in, then all it became out. Not a pipe: a pipe throws away what was already decompressed when the end
 * of a damaged file is met, and those rows are good.
 */
async function* gunzipped(path: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 128 << 10 });
  const out: Buffer[] = [];
  const failure: { error?: unknown } = {};
  gunzip.on("data", (piece: Buffer) => out.push(piece));
  gunzip.on("error", (error) => {
    failure.error = error;
  });
  const check = (): void => {
    if (failure.error === undefined) return;
    const reason = failure.error instanceof Error ? failure.error.message : String(failure.error);
    throw new HolonError("HOLON_SOURCE_UNREADABLE", `${path} does not decompress as gzip: ${reason}`, { cause: failure.error });
  };
  try {
    for await (const piece of source) {
      await step(gunzip, "drain", (done) => gunzip.write(piece, done));
      yield* out.splice(0);
      check();
    }
    if (gunzip.bytesWritten === 0) return;
    await step(gunzip, "end", () => gunzip.end());
    yield* out.splice(0);
    check();
  } finally {
    gunzip.destroy();
  }
}

/** Starts one operation of the stream and waits until it is done or the stream has failed. */
function step(gunzip: Gunzip, doneEvent: "drain" | "end", start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      gunzip.off("error", finish).off("end", finish);
      resolve();
    };
    gunzip.once("error", finish);
    if (doneEvent === "end") gunzip.once("end", finish);
    start(finish);
  });
}

async function openRegular(path: string): Promise<FileHandle> {
  const found = await stat(path).catch((error: unknown) => {
    throw fileProblem(path, error);
  });
  if (found.isDirectory()) throw new HolonError("HOLON_SOURCE_NOT_A_FILE", `${path} is a folder`);
  if (!found.isFile()) throw new HolonError("HOLON_SOURCE_UNREADABLE", `${path} is no regular file, so it could not be continued after a stop`);
  return open(path, "r").catch((error: unknown) => {
    throw fileProblem(path, error);
  });
}

function refuseOtherFormats(path: string, start: Buffer): void {
  const [a, b] = start;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new HolonError("HOLON_SOURCE_UNREADABLE", `${path} is UTF-16 text`, { next: "Save it as UTF-8." });
  }
  if (a === 0x1f && b === 0x8b) {
    throw new HolonError("HOLON_SOURCE_UNREADABLE", `${path} is gzip, ${isGzipName(path) ? "twice" : "but its name does not end in .gz"}`);
  }
}

function fileProblem(path: string, error: unknown): HolonError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return new HolonError("HOLON_SOURCE_MISSING", `${path} does not exist`, { cause: error });
  if (code === "EISDIR") return new HolonError("HOLON_SOURCE_NOT_A_FILE", `${path} is a folder`, { cause: error });
  return new HolonError("HOLON_SOURCE_UNREADABLE", `${path} cannot be read${code === "" ? "" : ` (${code})`}`, { cause: error });
}
