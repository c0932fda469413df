/** The API token of this machine's nodes: made once, readable by this user only. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";

const path = (data: string): string => join(data, "api-token");

export async function makeToken(data: string): Promise<string> {
  const known = await readToken(data);
  if (known !== undefined) return known;
  const token = randomBytes(32).toString("base64url");
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    await writeFile(path(data), token, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause && cause.code === "ENOSPC" ? "HOLON_DISK_FULL" : "HOLON_DISK_READ_ONLY";
    throw new HolonError(code, `the data folder ${data} cannot be written`, { cause });
  }
  return token;
}

export async function readToken(data: string): Promise<string | undefined> {
  try {
    return (await readFile(path(data), "utf8")).trim();
  } catch {
    return undefined; // not made yet: the caller says what that means
  }
}
