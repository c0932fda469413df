/**
 * What a publisher's metadata are looked at for before they are served: the key of snapshot and timestamp is with every holder, so that it is the one most easily stolen, and who has it
 * can sign versions so high that nodes take none of the publisher's any more. Control cannot prove who signed; it takes no leap, and says where versions fall.
 */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";

interface Blobs {
  has(hash: BlobHash): Promise<boolean>;
  read(hash: BlobHash): Promise<Uint8Array>;
}

/** `online`: who signs timestamps, as the newest root says; undefined without one. */
interface Standing {
  readonly highest: number;
  readonly online: string | undefined;
}

const metaSchema = z.record(z.string(), z.object({ version: z.int().min(0) }));
const fileSchema = z.object({ signed: z.object({ version: z.int().min(0), meta: metaSchema.optional(), roles: z.object({ timestamp: z.json() }).optional() }) });
type Signed = z.infer<typeof fileSchema>["signed"];

/** What is to be said of these files, in place of those that were served before. `HOLON_SIGNATURE_AHEAD`, `HOLON_SIGNATURE_BAD`. */
export async function checkServed(files: SignatureFiles, before: SignatureFiles | undefined, blobs: Blobs): Promise<readonly string[]> {
  const now = await standingOf(files, blobs);
  const earlier = before === undefined ? undefined : await heldStanding(before, blobs);
  // Versions that another key signed are forgotten with it, by nodes too.
  const compared = earlier?.online === now.online ? (earlier?.highest ?? 0) : 0;
  if (now.highest > compared + limits.signatureVersionStepMax) throw new HolonError("HOLON_SIGNATURE_AHEAD", `the publisher's metadata have version ${now.highest}, those that are served until now ${compared === 0 ? "none to compare with" : `version ${compared}`}: nobody signs so many`);
  if (now.highest >= compared) return [];
  return [`the publisher's metadata are of version ${now.highest}, and those served until now of ${compared}: nodes that took those refuse these. If the publisher did not sign them, somebody has his online key: \`holon publisher rotate\`, then deploy again`];
}

/** By the files that a node would read: the timestamp, the snapshot that it names, and the newest root. */
async function standingOf(files: SignatureFiles, blobs: Blobs): Promise<Standing> {
  const signed = async (name: string): Promise<Signed | undefined> => {
    const hash = files[name];
    return hash === undefined ? undefined : read(name, hash, blobs);
  };
  const timestamp = await signed("timestamp.json");
  const snapshot = await signed(`${timestamp?.meta?.["snapshot.json"]?.version ?? timestamp?.version ?? 0}.snapshot.json`);
  const versions = [timestamp, snapshot].flatMap((file) => (file === undefined ? [] : [file.version, ...Object.values(file.meta ?? {}).map(({ version }) => version)]));
  const newestRoot = Math.max(0, ...Object.keys(files).map((name) => Number(/^(\d+)\.root\.json$/.exec(name)?.[1] ?? 0)));
  const roles = (await signed(`${newestRoot}.root.json`))?.roles;
  return { highest: Math.max(0, ...versions), online: roles && canonicalJson(roles.timestamp) };
}

/** What is served, however it came there, is compared with as far as it is there and parses. */
async function heldStanding(files: SignatureFiles, blobs: Blobs): Promise<Standing | undefined> {
  for (const hash of Object.values(files)) if (!(await blobs.has(hash))) return undefined;
  return standingOf(files, blobs).catch((error: unknown) => {
    if (error instanceof HolonError && error.code === "HOLON_SIGNATURE_BAD") return undefined;
    throw error;
  });
}

async function read(name: string, hash: BlobHash, blobs: Blobs): Promise<Signed> {
  const bytes = await blobs.read(hash);
  if (bytes.length > limits.signatureFileBytesMax) throw new HolonError("HOLON_SIGNATURE_BAD", `metadata ${name} are longer than ${limits.signatureFileBytesMax} bytes`);
  const parsed = fileSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw new HolonError("HOLON_SIGNATURE_BAD", `metadata ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.signed;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // refused by the schema
  }
}
