/** `holon node list|start` */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { driftSchema } from "@holon/core/schema/condition.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { nodeReportSchema } from "@holon/core/schema/node-report.ts";
import { parse } from "yaml";
import { z } from "zod";
import type { Client } from "../client.ts";
import { aborted } from "../ending.ts";
import { becomeLean } from "../machine/lean.ts";
import { makeToken } from "../machine/token.ts";
import { printTable } from "../table.ts";

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
  heardMs: z.number().nullable(),
});
export const nodesSchema = z.object({ nodes: z.array(nodeRowSchema) });

export async function listNodes(client: Client, json: boolean): Promise<void> {
  const { nodes } = await client.get("/v1/nodes", nodesSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(nodes)}\n`);
  const rows = nodes.map((node) => [node.name, node.tier, node.leads ? `${node.site} (lead)` : node.site, node.jurisdiction, heard(node.heardMs), node.desiredVersion === 0 ? "none" : `${node.desiredVersion}`, node.desiredVersion === 0 ? "-" : reported(node.reported), node.api ?? ""]);
  process.stdout.write(`${printTable(["NODE", "TIER", "SITE", "JURISDICTION", "LAST RECORD", "DESIRED", "REPORTED", "LOCAL API"], rows)}\n`);
}

/** `holon node drift [node]`: where nodes differ from what they are to be, and for how long. */
export async function showDrift(client: Client, node: string | undefined, json: boolean): Promise<void> {
  const nodes = node === undefined ? (await client.get("/v1/nodes", nodesSchema)).nodes : [await client.get(`/v1/nodes/${encodeURIComponent(node)}`, nodeRowSchema)];
  const nowMs = Date.now();
  const rows = nodes.flatMap(({ name, drift, heardMs }) => drift.map(({ kind, text, since }) => ({ node: name, kind, text, since, ageSeconds: Number.isNaN(Date.parse(since)) ? null : Math.max(0, Math.round((nowMs - Date.parse(since)) / 1000)), heardMs })));
  if (json) return void process.stdout.write(`${JSON.stringify(rows)}\n`);
  if (rows.length === 0) return void process.stdout.write("no node differs from what it is to be, by what they told last\n");
  process.stdout.write(`${printTable(["NODE", "WHAT", "FOR", "LAST RECORD", ""], rows.map((row) => [row.node, row.kind, row.ageSeconds === null ? "unknown" : `${row.ageSeconds} s`, heard(row.heardMs), row.text]))}\n`);
}

const heard = (ms: number | null): string => (ms === null ? "unknown" : ms < 1000 ? "now" : `${Math.round(ms / 1000)} s ago`);
const reported = (report: z.infer<typeof nodeRowSchema>["reported"]): string => (report === null ? "nothing yet" : `${report.outcome} ${report.version}`);

/** One node by its `holon.node.yaml`, until it is told to stop. */
export async function startNodeFromFile(path: string, options: { readonly data: string; readonly api: string; readonly verbose: boolean; readonly ended: AbortSignal }): Promise<void> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_CONFIG_BAD", `${path} cannot be read`, { cause, next: "Give the path of a holon.node.yaml." });
  });
  const parsed = nodeConfigSchema.safeParse(parseYaml(text, path));
  if (!parsed.success) throw new HolonError("HOLON_CONFIG_BAD", `${path} does not fit: ${z.prettifyError(parsed.error).replaceAll("\n", "; ")}`);
  const token = await makeToken(options.data);
  await becomeLean(join(options.data, parsed.data.name), loadAll, options.ended);
  if (options.ended.aborted) return;
  const { startNode } = await loadMachine();
  const machine = await startNode({ config: parsed.data, data: options.data, api: options.api, token, trace: { level: options.verbose ? "info" : "warn", output: process.stderr }, isConfigChanged: () => readFile(path, "utf8").then((now) => now !== text, () => true) });
  if (!options.ended.aborted) process.stdout.write(`${parsed.data.name} runs; local API ${machine.api}${machine.node.address === undefined ? "" : `, link ${machine.node.address}`}\n`);
  await aborted(options.ended);
  await machine.close();
}

/** Not for a list of nodes. */
const loadMachine = () => import("../machine/compose.ts");

async function loadAll(): Promise<void> {
  await loadMachine();
  const { warmSandbox } = await import("@holon/platform/runner-warm.ts");
  await warmSandbox();
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new HolonError("HOLON_CONFIG_BAD", `${path} is no YAML: ${cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : ""}`, { cause });
  }
}
