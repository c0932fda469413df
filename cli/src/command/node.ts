/** `holon node list|start` */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Adopted } from "@holon/core/measure/measured.ts";
import { driftSchema } from "@holon/core/schema/condition.ts";
import { nodeConfigSchema, type NodeConfig } from "@holon/core/schema/node.ts";
import { nodeReportSchema } from "@holon/core/schema/node-report.ts";
import { parse } from "yaml";
import { z } from "zod";
import type { Client } from "../client.ts";
import { runNodeLean } from "../machine/run-node.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";
import { tellKnown, type KnownAccount } from "../view/known.ts";

export const nodeRowSchema = z.object({
  name: z.string(),
  site: z.string(),
  tier: z.string(),
  jurisdiction: z.string(),
  parent: z.string().nullable(),
  leads: z.boolean(),
  api: z.string().nullable(),
  startedAt: z.string(),
  desiredVersion: z.number(),
  /** What it told last of what it is made of; null if it never did. */
  inventory: nodeReportSchema.nullable(),
  reported: z.object({ version: z.number(), outcome: z.string(), message: z.string().optional(), at: z.string() }).nullable(),
  drift: z.array(driftSchema).default([]),
  trust: z.object({ level: z.string(), asOf: z.string(), because: z.string() }).nullable().default(null),
  heardMs: z.number().nullable(),
  /** Not told by an earlier control. */
  isRevoked: z.boolean().default(false),
});
export const listNodeRows = (client: Client, known?: (account: KnownAccount) => void): Promise<readonly z.infer<typeof nodeRowSchema>[]> => listAll(client, "/v1/nodes", "nodes", nodeRowSchema, known);

export async function listNodes(client: Client, json: boolean): Promise<void> {
  const nodes = await listNodeRows(client, (account) => tellKnown(account, json));
  if (json) return void process.stdout.write(`${JSON.stringify(nodes)}\n`);
  const rows = nodes.map((node) => [node.name, node.tier, node.leads ? `${node.site} (lead)` : node.site, node.jurisdiction, heard(node.heardMs), node.desiredVersion === 0 ? "none" : `${node.desiredVersion}`, node.isRevoked ? "revoked" : node.desiredVersion === 0 ? "-" : reported(node.reported), node.trust === null ? "" : node.trust.level, node.api ?? ""]);
  process.stdout.write(`${printTable(["NODE", "TIER", "SITE", "JURISDICTION", "LAST RECORD", "DESIRED", "REPORTED", "TRUST", "LOCAL API"], rows)}\n`);
}

/** `holon node drift [node]`: where nodes differ from what they are to be, and for how long. */
export async function showDrift(client: Client, node: string | undefined, json: boolean): Promise<void> {
  const nodes = node === undefined ? await listNodeRows(client) : [await client.get(`/v1/nodes/${encodeURIComponent(node)}`, nodeRowSchema)];
  const nowMs = Date.now();
  const rows = nodes.flatMap(({ name, drift, heardMs }) => drift.map(({ kind, text, since }) => ({ node: name, kind, text, since, ageSeconds: Number.isNaN(Date.parse(since)) ? null : Math.max(0, Math.round((nowMs - Date.parse(since)) / 1000)), heardMs })));
  if (json) return void process.stdout.write(`${JSON.stringify(rows)}\n`);
  if (rows.length === 0) return void process.stdout.write("no node differs from what it is to be, by what they told last\n");
  process.stdout.write(`${printTable(["NODE", "WHAT", "FOR", "LAST RECORD", ""], rows.map((row) => [row.node, row.kind, row.ageSeconds === null ? "unknown" : `${row.ageSeconds} s`, heard(row.heardMs), row.text]))}\n`);
}

const heard = (ms: number | null): string => (ms === null ? "unknown" : ms < 1000 ? "now" : `${Math.round(ms / 1000)} s ago`);
const reported = (report: z.infer<typeof nodeRowSchema>["reported"]): string => (report === null ? "nothing yet" : `${report.outcome} ${report.version}`);

/** One node by its `holon.node.yaml`, until it is told to stop. */
export async function startNodeFromFile(path: string, options: { readonly data: string; readonly api: string; readonly app?: string | undefined; readonly verbose: boolean; readonly ended: AbortSignal }): Promise<void> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_CONFIG_BAD", `${path} cannot be read`, { cause, next: "Give the path of a holon.node.yaml." });
  });
  const config = await adoptedConfig(text, path, options.data);
  if (options.app !== undefined) await (await import("../app/bundle-folder.ts")).readBundle(options.app); // what cannot be run is told before anything is started
  const isTextRun = isSaidBy(text, path, config);
  const start = { config, configFile: resolve(path), configText: text, isTextRun, data: options.data, api: options.api, verbose: options.verbose };
  await runNodeLean({ ...start, ...(options.app === undefined ? {} : { app: options.app }) }, options.ended);
}

export function parseConfig(text: string, path: string): NodeConfig {
  const parsed = nodeConfigSchema.safeParse(parseYaml(text, path));
  if (!parsed.success) throw new HolonError("HOLON_CONFIG_BAD", `${path} does not fit: ${z.prettifyError(parsed.error).replaceAll("\n", "; ")}`);
  return parsed.data;
}

function isSaidBy(text: string, path: string, config: NodeConfig): boolean {
  try {
    return JSON.stringify(parseConfig(text, path)) === JSON.stringify(config);
  } catch {
    return false; // an adopted one is run in place of it, and that was told
  }
}

/** Where a configuration was adopted, another one is not run: the node starts by the adopted one, and its alarm tells of the file. */
async function adoptedConfig(text: string, path: string, data: string): Promise<NodeConfig> {
  let config: NodeConfig | undefined;
  let problem: unknown;
  try {
    config = parseConfig(text, path);
  } catch (error) {
    problem = error;
  }
  const folders = config === undefined ? await nodeFolders(data) : [config.name];
  const held = (await Promise.all(folders.map((folder) => adoptedIn(join(data, folder))))).flatMap((adopted) => (adopted?.config === undefined ? [] : [{ by: adopted.by, config: adopted.config }]));
  const [adopted] = held;
  if (config !== undefined && (adopted === undefined || adopted.config === text)) return config;
  // What does not even parse names no node: it is known whose it is where there is but one.
  if (adopted === undefined || held.length > 1) throw problem;
  const told = `HOLON_NODE_ALTERED: ${path} is not what ${adopted.by} adopted`;
  try {
    const before = parseConfig(adopted.config, "what was adopted");
    process.stderr.write(`${told}; the node starts by what was adopted\n`);
    return before;
  } catch (error) {
    if (config === undefined) throw problem;
    process.stderr.write(`${told}, and this program cannot read that (${toHolonError(error).message}); the node starts by the file\n`); // the program is another one then: secrets and what is new are held back
    return config;
  }
}

const nodeFolders = async (data: string): Promise<readonly string[]> => (await readdir(data, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory()).map(({ name }) => name);

async function adoptedIn(folder: string): Promise<Adopted | undefined> {
  const { readAdopted } = await import("@holon/platform/measurer.ts");
  return readAdopted(folder).catch((error: unknown) => {
    process.stderr.write(`${toHolonError(error).code}: ${toHolonError(error).message}\n`); // the node goes on by what is there, and its alarm says so
    return undefined;
  });
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new HolonError("HOLON_CONFIG_BAD", `${path} is no YAML: ${cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : ""}`, { cause });
  }
}
