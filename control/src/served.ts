/**
 * What a publisher's metadata are looked at for before they are served: the key of snapshot and timestamp is with every holder, so that it is the one most easily stolen, and who has it
 * can sign versions so high that nodes take none of the publisher's any more. Control cannot prove who signed; it takes no leap, and says where versions fall. Nor does it serve a root that
 * lacks signatures, behind which nodes would take nothing more. It says where the root is another publisher's, and which apps nobody has signed, since nodes that pin a publisher refuse all of
 * a document for one app that he did not sign.
 */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import { documentTarget } from "@holon/core/trust/targets.ts";
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
  /** What is signed, by name; undefined where that is said elsewhere. */
  readonly targets: ReadonlySet<string> | undefined;
}

const metaSchema = z.record(z.string(), z.object({ version: z.int().min(0) }));
const fileSchema = z.object({ signed: z.object({ version: z.int().min(0), meta: metaSchema.optional(), roles: z.object({ timestamp: z.json() }).optional(), targets: z.record(z.string(), z.unknown()).optional(), delegations: z.unknown().optional() }) });
type Signed = z.infer<typeof fileSchema>["signed"];

/** As The Update Framework has it; another repository's is its nodes' to judge. */
const rootSchema = z.object({ signed: z.object({ version: z.int(), roles: z.object({ root: z.object({ keyids: z.array(z.string()), threshold: z.int() }) }) }), signatures: z.array(z.object({ keyid: z.string() })) });
type Root = z.infer<typeof rootSchema>;

/** What is to be said of these files, in place of those that were served before, for apps that are deployed then. `HOLON_SIGNATURE_AHEAD`, `HOLON_SIGNATURE_BAD`, `HOLON_SIGNATURE_UNMET`. */
export async function checkServed(files: SignatureFiles, before: SignatureFiles | undefined, blobs: Blobs, apps: readonly Pick<AppDocument, "name" | "version">[]): Promise<readonly string[]> {
  await demandWholeRoots(files, blobs);
  const now = await standingOf(files, blobs);
  const earlier = before === undefined ? undefined : await heldStanding(before, blobs);
  // Versions that another key signed are forgotten with it, by nodes too.
  const compared = earlier?.online === now.online ? (earlier?.highest ?? 0) : 0;
  if (now.highest > compared + limits.signatureVersionStepMax) throw new HolonError("HOLON_SIGNATURE_AHEAD", `the publisher's metadata have version ${now.highest}, those that are served until now ${compared === 0 ? "none to compare with" : `version ${compared}`}: nobody signs so many`);
  const others = [...(before !== undefined && isOtherRoot(files, before) ? [otherRoot] : []), ...unsigned(apps, now)];
  if (now.highest >= compared) return others;
  return [...others, `the publisher's metadata are of version ${now.highest}, and those served until now of ${compared}: nodes that took those refuse these. If the publisher did not sign them, somebody has his online key: \`holon publisher rotate\`, then deploy again`];
}

const otherRoot = "the publisher's metadata are of another root than those served until now: nodes that pin that one refuse these, and what is deployed with them. If this publisher is not the one that they pin, remove what he signed (`holon app remove NAME`) and deploy with theirs";

/** Roots of one publisher lead from one to the next, and are served from the first on. */
function isOtherRoot(files: SignatureFiles, before: SignatureFiles): boolean {
  const roots = Object.entries(before).filter(([name]) => /^\d+\.root\.json$/.test(name));
  const known = roots.filter(([name]) => files[name] !== undefined);
  return roots.length > 0 && (known.length === 0 || known.some(([name, hash]) => files[name] !== hash));
}

function unsigned(apps: readonly Pick<AppDocument, "name" | "version">[], { targets }: Standing): readonly string[] {
  if (targets === undefined) return [];
  return apps.filter((app) => !targets.has(documentTarget(app))).map(({ name, version }) => `app ${name} ${version} is deployed, and not among what this publisher signed: nodes that pin him take no document with it, whatever else is in it. \`holon app remove ${name}\`, or deploy it signed by him`);
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
  const targets = await signed(`${snapshot?.meta?.["targets.json"]?.version ?? snapshot?.version ?? 0}.targets.json`);
  const roles = (await signed(`${newestRoot}.root.json`))?.roles;
  return { highest: Math.max(0, ...versions), online: roles && canonicalJson(roles.timestamp), targets: targets?.targets === undefined || targets.delegations !== undefined ? undefined : new Set(Object.keys(targets.targets)) };
}

/** What is served, however it came there, is compared with as far as it is there and parses. */
async function heldStanding(files: SignatureFiles, blobs: Blobs): Promise<Standing | undefined> {
  for (const hash of Object.values(files)) if (!(await blobs.has(hash))) return undefined;
  return standingOf(files, blobs).catch((error: unknown) => {
    if (error instanceof HolonError && error.code === "HOLON_SIGNATURE_BAD") return undefined;
    throw error;
  });
}

/** Each root says that as many of its own keys have signed it as must, and of those of the root before; whether they did, nodes see. */
async function demandWholeRoots(files: SignatureFiles, blobs: Blobs): Promise<void> {
  let before: Root | undefined;
  const roots = Object.keys(files).flatMap((name) => (/^\d+\.root\.json$/.test(name) ? [name] : []));
  for (const name of roots.toSorted((a, b) => parseInt(a, 10) - parseInt(b, 10))) {
    const hash = files[name];
    const parsed = hash === undefined ? undefined : rootSchema.safeParse(await jsonIn(name, hash, blobs));
    if (parsed?.success !== true) return;
    for (const [whose, root] of [["its own keys", parsed.data], ["the keys of the root before", before]] as const) if (root !== undefined) demandSigners(name, whose, parsed.data, root);
    before = parsed.data;
  }
}

function demandSigners(name: string, whose: string, { signatures }: Root, { signed }: Root): void {
  const { keyids, threshold } = signed.roles.root;
  const isMissing = (key: string): boolean => !signatures.some(({ keyid }) => keyid === key);
  const missing = keyids.filter(isMissing);
  const count = keyids.length - missing.length;
  if (count >= threshold) return;
  throw new HolonError("HOLON_SIGNATURE_UNMET", `metadata ${name} has ${count} of ${threshold} signatures by ${whose}, and lacks ${threshold - count} more of ${missing.map((key) => key.slice(0, 12)).join(", ")}: behind it nodes would take nothing more`, {
    next: "Make the root where as many key files as must sign are together: `holon publisher add`, `remove` or `rotate`. What is served now stays served.",
  });
}

async function read(name: string, hash: BlobHash, blobs: Blobs): Promise<Signed> {
  const parsed = fileSchema.safeParse(await jsonIn(name, hash, blobs));
  if (!parsed.success) throw new HolonError("HOLON_SIGNATURE_BAD", `metadata ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.signed;
}

async function jsonIn(name: string, hash: BlobHash, blobs: Blobs): Promise<unknown> {
  const bytes = await blobs.read(hash);
  if (bytes.length > limits.signatureFileBytesMax) throw new HolonError("HOLON_SIGNATURE_BAD", `metadata ${name} are longer than ${limits.signatureFileBytesMax} bytes`);
  return jsonOf(bytes);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // refused by the schema
  }
}
