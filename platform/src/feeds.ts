/** Files of this machine, and what an address gives, as text. */
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Feeds, Secrets } from "@holon/core/ports.ts";
import { sourceName, type ReadSource } from "@holon/core/schema/energy.ts";
import { diskError } from "./disk/error.ts";
import { withoutSecret } from "./secrets.ts";

const unpack = promisify(gunzip);

export function createFeeds(secrets: Secrets): Feeds {
  async function addressOf(source: Exclude<ReadSource, { readonly file: string }>): Promise<string> {
    if ("url" in source) return source.url;
    const value = (await secrets.read([source.secretUrl]))[source.secretUrl];
    if (value === undefined) throw withoutSecret("a curve wants", source.secretUrl, secrets);
    return value;
  }
  return { read: async (source) => ("file" in source ? readFeedFile(source.file) : readFeedAddress(await addressOf(source), sourceName(source))) };
}

async function readFeedFile(path: string): Promise<string> {
  const bytes = await stat(path)
    .then(({ size }) => (size > limits.curveBytesMax ? Promise.reject(tooLong(path)) : readFile(path)))
    .catch((error: unknown) => Promise.reject(error instanceof HolonError ? error : diskError("read", path, error)));
  return textOf(bytes, path);
}

/** What an answer holds beyond the bound is not waited for. `name`: what of it may be told. */
async function readFeedAddress(url: string, name: string): Promise<string> {
  const { protocol, username, password } = URL.parse(url) ?? {};
  if ((protocol !== "https:" && protocol !== "http:") || username !== "" || password !== "") throw new HolonError("HOLON_CONFIG_BAD", `${name} is none that can be asked`, { next: "Give it as http:// or https://, without a name and password in it." });
  const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(limits.otlpAnswerMs) });
  if (!response.ok || response.body === null) throw new HolonError("HOLON_TABLE_BAD", `${name} answers with ${response.status}`);
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > limits.curveBytesMax) throw tooLong(name);
  }
  return textOf(Buffer.concat(pieces), name);
}

async function textOf(bytes: Buffer, name: string): Promise<string> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isPacked ? await unpack(bytes, { maxOutputLength: limits.curveBytesMax }).catch((cause: unknown) => Promise.reject(new HolonError("HOLON_TABLE_BAD", `${name} cannot be unpacked, or is too long`, { cause }))) : bytes;
  return plain.toString("utf8");
}

const tooLong = (name: string): HolonError => new HolonError("HOLON_TABLE_BAD", `${name} holds more than ${limits.curveBytesMax} bytes`);
