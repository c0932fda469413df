/** A file of rows that somebody names on the command line, packed by gzip or not. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";

export function readTableFile(path: string): string {
  try {
    const bytes = readFileSync(path);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  } catch (cause) {
    throw new HolonError("HOLON_TABLE_BAD", `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { next: "Name a file of rows, as text or packed by gzip.", cause });
  }
}
