/** `holon app deploy|list|show|remove|shared` */
import { sharedAnswerSchema } from "@holon/node/api/shared-routes.ts";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { z } from "zod";
import type { Publication } from "../app/publish.ts";
import type { SigningOptions } from "../app/sign.ts";
import { localPublisher } from "../machine/local-publisher.ts";
import { loadManifest } from "../app/load.ts";
import { doneSchema, type Client } from "../client.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";
import { nowhereText, toldPlanSchema } from "./plan.ts";
import { knownAccountSchema, tellKnown } from "../view/known.ts";
import { warn } from "../warn.ts";

const appRowSchema = z.object({ name: z.string(), version: z.string(), deployedAt: z.string(), functions: z.array(z.string()), models: z.array(z.string()), sources: z.array(z.string()), /** Of an older control unknown. */ nowhere: z.array(z.string()).default([]) });
/** A control of before warns of nothing. */
const deployedSchema = doneSchema.extend({ warnings: z.array(z.string()).default([]) });
export const appSchema = z.object({ document: appDocumentSchema, deployedAt: z.string(), revision: z.string(), nowhere: toldPlanSchema.shape.left });

export async function deployApp(client: Client, place: string, options: SigningOptions & { readonly data: string; readonly dryRun?: boolean; readonly sealTo?: readonly string[] }): Promise<void> {
  const { publish } = await import("../app/publish.ts"); // with the bundler, which lists and removals do without
  const publisher = await publisherOf(options);
  const published = await publish(await loadManifest(place), { sealTo: options.sealTo, sealer: publisher === undefined ? undefined : (sites) => sealer(publisher, sites) });
  const { document, blobs } = published;
  if (options.dryRun === true) return (await import("./plan.ts")).previewApp(client, document, options.json === true);
  for (const [hash, content] of blobs) await client.send("PUT", `/v1/blobs/${hash}`, content, doneSchema);
  const { warnings } = publisher === undefined ? await client.send("PUT", `/v1/apps/${document.name}`, document, deployedSchema) : await client.send("PUT", "/v1/images", { files: await sign(client, publisher, published, options), app: document }, deployedSchema);
  const told = { app: document.name, version: document.version, functions: document.functions.map((fn) => fn.name), blobs: blobs.size, signed: publisher !== undefined, sealedTo: document.sealTo ?? [], warnings };
  process.stdout.write(options.json === true ? `${JSON.stringify(told)}\n` : `deployed ${told.app} ${told.version}: functions ${told.functions.join(", ") || "none"}, ${told.blobs} blobs${told.signed ? ", signed" : ""}${told.sealedTo.length === 0 ? "" : `, sealed to ${told.sealedTo.join(", ")}`}\n`);
  warn(warnings);
}

const sealer = async (publisher: string, sites: readonly string[]) => (await import("@holon/platform/publisher/sites.ts")).sealerOf(publisher, sites);

/** The one that is named, or that of this data folder. */
async function publisherOf({ publisher, data }: SigningOptions & { readonly data: string }): Promise<string | undefined> {
  const { readPublisher } = await import("@holon/platform/publisher/folder.ts");
  const folder = publisher === undefined ? localPublisher(data) : resolve(publisher);
  if ((await readPublisher(folder)) !== undefined) return folder;
  if (publisher === undefined) return undefined;
  throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is no publisher's folder`, { next: "Make one with `holon publisher init`." });
}

async function sign(client: Client, publisher: string, published: Publication, { passphraseFile }: SigningOptions): Promise<Readonly<Record<string, string>>> {
  const { readPassphrase, signPublication } = await import("../app/sign.ts");
  const files: Record<string, string> = {};
  for (const [name, bytes] of await signPublication(publisher, published, { passphrase: await readPassphrase(passphraseFile) })) {
    const hash = createHash("sha256").update(bytes).digest("hex");
    await client.send("PUT", `/v1/blobs/${hash}`, bytes, doneSchema);
    files[name] = hash;
  }
  return files;
}

export async function listApps(client: Client, json: boolean): Promise<void> {
  const apps = await listAll(client, "/v1/apps", "apps", appRowSchema, (account) => tellKnown(account, json));
  if (json) return void process.stdout.write(`${JSON.stringify(apps)}\n`);
  const rows = apps.map((app) => [app.name, app.version, app.functions.join(" "), app.models.join(" "), app.sources.join(" "), app.deployedAt]);
  process.stdout.write(`${printTable(["APP", "VERSION", "FUNCTIONS", "MODELS", "SOURCES", "DEPLOYED"], rows)}\n`);
  for (const { name, nowhere } of apps) for (const unit of nowhere) process.stderr.write(`${name}/${unit} does not stand where it should: see \`holon app show ${name}\`\n`);
}

export async function showApp(client: Client, app: string, json: boolean): Promise<void> {
  const answer = await client.get(`/v1/apps/${encodeURIComponent(app)}`, appSchema);
  process.stdout.write(`${JSON.stringify(answer, undefined, json ? undefined : 2)}\n`);
  for (const row of answer.nowhere) process.stderr.write(`${nowhereText(row)}\n`);
}

export async function removeApp(client: Client, app: string, json: boolean): Promise<void> {
  await client.send("DELETE", `/v1/apps/${app}`, undefined, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ removed: app })}\n` : `removed ${app}\n`);
}

/** Of the node whose API is asked: what others did and it has not heard of yet is missing. */
export async function showShared(client: Client, app: string, json: boolean): Promise<void> {
  const { asOf, completeness, ...answer } = await client.get(`/v1/apps/${app}/shared`, sharedAnswerSchema.extend(knownAccountSchema.shape));
  tellKnown({ asOf, completeness }, json);
  if (json) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  const rows = answer.shared.map(({ name, key, kind, class: dataClass, value }) => [key === "" ? name : `${name}/${key}`, kind, dataClass, JSON.stringify(value) ?? ""]);
  process.stdout.write(`${printTable(["SHARED", "KIND", "CLASS", `VALUE AT ${answer.node}`], rows)}\n`);
  for (const { with: other, agoMs, problem } of answer.exchanges) {
    process.stderr.write(problem === null ? `exchanged with ${other} ${agoMs === null ? "never" : `${Math.round(agoMs / 1000)} s ago`}\n` : `not exchanged with ${other}: ${problem.message}\n`);
  }
}
