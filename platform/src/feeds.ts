/** Files of this machine, and what an address gives, as text. */
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Feeds } from "@holon/core/ports.ts";
import { diskError } from "./disk-error.ts";

const unpack = promisify(gunzip);

export function createFeeds(): Feeds {
  return { read: (source) => ("file" in source ? readFeedFile(source.file) : readFeedAddress(source.url)) };
}

async function readFeedFile(path: string): Promise<string> {
  const bytes = await stat(path)
    .then(({ size }) => (size > limits.curveBytesMax ? Promise.reject(tooLong(path)) : readFile(path)))
    .catch((error: unknown) => Promise.reject(error instanceof HolonError ? error : diskError("read", path, error)));
  return textOf(bytes, path);
}

/** What an answer holds beyond the bound is not waited for. */
async function readFeedAddress(url: string): Promise<string> {
  const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(limits.otlpAnswerMs) });
  if (!response.ok || response.body === null) throw new HolonError("HOLON_TABLE_BAD", `${url} answers with ${response.status}`);
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > limits.curveBytesMax) throw tooLong(url);
  }
  return textOf(Buffer.concat(pieces), url);
}

async function textOf(bytes: Buffer, name: string): Promise<string> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isPacked ? await unpack(bytes, { maxOutputLength: limits.curveBytesMax }).catch((cause: unknown) => Promise.reject(new HolonError("HOLON_TABLE_BAD", `${name} cannot be unpacked, or is too long`, { cause }))) : bytes;
  return plain.toString("utf8");
}

const tooLong = (name: string): HolonError => new HolonError("HOLON_TABLE_BAD", `${name} holds more than ${limits.curveBytesMax} bytes`);
