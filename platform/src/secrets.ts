/** The node's file of secrets, `secrets.json` in its data folder: an object of names and texts, for the node's own user alone. Read anew each time. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Secrets } from "@holon/core/ports.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { z } from "zod";
import { diskError, isErrno } from "./disk/error.ts";
import { unsealed } from "./secret-file.ts";

const fileBytesMax = 1 << 20;
const schema = z.record(nameSchema, z.string().min(limits.secretCharactersMin).max(limits.secretCharactersMax));
const othersMayRights = 0o077;

export function createSecrets(folder: string): Secrets {
  const path = join(folder, "secrets.json");
  return {
    place: path,
    async read(names) {
      const held = names.length === 0 ? {} : await readAll(path);
      return Object.fromEntries(names.flatMap((name) => (held[name] === undefined ? [] : [[name, held[name]]])));
    },
  };
}

/** `what` wants the secret `name`, which is not there. */
export const withoutSecret = (what: string, name: string, { place }: Secrets): HolonError =>
  new HolonError("HOLON_SECRETS_BAD", `${what} the secret ${name}, which is not in ${place ?? "the node's secrets.json"}`, { next: `Put it into ${place ?? "secrets.json in the node's own folder"}, which is read anew each time: one JSON object of names and texts, mode 0600.` });

/** Rights and content of the same open file, whatever takes its place meanwhile. */
async function readAll(path: string): Promise<Readonly<Record<string, string>>> {
  let text: string;
  try {
    const file = await open(path, "r");
    try {
      const { mode, uid, size } = await file.stat();
      refuseExposed(path, mode, uid);
      text = size > fileBytesMax ? "" : await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, "ENOENT")) return {};
    throw diskError("read", path, error);
  }
  const parsed = schema.safeParse(unsealed(path, toJson(text)));
  if (parsed.success) return parsed.data;
  throw new HolonError("HOLON_SECRETS_BAD", `${path} does not fit at ${parsed.error.issues[0]?.path.join(".") || "the top"}`);
}

function refuseExposed(path: string, mode: number, uid: number): void {
  const own = process.getuid?.();
  if (own === undefined) return; // a system without such rights
  if (uid !== own) throw new HolonError("HOLON_SECRETS_EXPOSED", `${path} belongs to user ${uid}, and the node runs as ${own}`);
  if ((mode & othersMayRights) !== 0) throw new HolonError("HOLON_SECRETS_EXPOSED", `${path} has mode ${(mode & 0o777).toString(8).padStart(4, "0")}, which gives others rights to it`);
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema, without its words: they are secrets
  }
}
