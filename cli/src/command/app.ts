/** `holon app deploy|list|remove|shared` */
import { sharedAnswerSchema } from "@holon/node/api/shared-routes.ts";
import { z } from "zod";
import { loadManifest } from "../app/load.ts";
import { doneSchema, type Client } from "../client.ts";
import { printTable } from "../table.ts";

const appsSchema = z.object({
  apps: z.array(z.object({ name: z.string(), version: z.string(), deployedAt: z.string(), functions: z.array(z.string()), models: z.array(z.string()), sources: z.array(z.string()) })),
});

export async function deployApp(client: Client, place: string, json: boolean): Promise<void> {
  const { publish } = await import("../app/publish.ts"); // with the bundler, which lists and removals do without
  const { document, blobs } = await publish(await loadManifest(place));
  for (const [hash, content] of blobs) await client.send("PUT", `/v1/blobs/${hash}`, content, doneSchema);
  await client.send("PUT", `/v1/apps/${document.name}`, document, doneSchema);
  const told = { app: document.name, version: document.version, functions: document.functions.map((fn) => fn.name), blobs: blobs.size };
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : `deployed ${told.app} ${told.version}: functions ${told.functions.join(", ") || "none"}, ${told.blobs} blobs\n`);
}

export async function listApps(client: Client, json: boolean): Promise<void> {
  const { apps } = await client.get("/v1/apps", appsSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(apps)}\n`);
  const rows = apps.map((app) => [app.name, app.version, app.functions.join(" "), app.models.join(" "), app.sources.join(" "), app.deployedAt]);
  process.stdout.write(`${printTable(["APP", "VERSION", "FUNCTIONS", "MODELS", "SOURCES", "DEPLOYED"], rows)}\n`);
}

export async function removeApp(client: Client, app: string, json: boolean): Promise<void> {
  await client.send("DELETE", `/v1/apps/${app}`, undefined, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ removed: app })}\n` : `removed ${app}\n`);
}

/** Of the node whose API is asked: what others did and it has not heard of yet is missing. */
export async function showShared(client: Client, app: string, json: boolean): Promise<void> {
  const answer = await client.get(`/v1/apps/${app}/shared`, sharedAnswerSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  const rows = answer.shared.map(({ name, key, kind, class: dataClass, value }) => [key === "" ? name : `${name}/${key}`, kind, dataClass, JSON.stringify(value) ?? ""]);
  process.stdout.write(`${printTable(["SHARED", "KIND", "CLASS", `VALUE AT ${answer.node}`], rows)}\n`);
  for (const { with: other, agoMs, problem } of answer.exchanges) {
    process.stderr.write(problem === null ? `exchanged with ${other} ${agoMs === null ? "never" : `${Math.round(agoMs / 1000)} s ago`}\n` : `not exchanged with ${other}: ${problem.message}\n`);
  }
}
