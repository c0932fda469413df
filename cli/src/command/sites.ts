/** `holon site list|show` */
import { siteSchema, type Site } from "@holon/control/api/site-routes.ts";
import type { Client } from "../client.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";
import { knownAccountSchema, tellKnown } from "../view/known.ts";

const out = (text: string): void => void process.stdout.write(`${text}\n`);

export async function listSites(client: Client, json: boolean): Promise<void> {
  const sites = await listAll(client, "/v1/sites", "sites", siteSchema, (account) => tellKnown(account, json));
  if (json) return out(JSON.stringify(sites));
  out(printTable(["SITE", "JURISDICTIONS", "NODES", "LEAD", "PROCESSORS", "MEMORY", "APPS"], sites.map(rowOf)));
}

export async function showSite(client: Client, name: string, json: boolean): Promise<void> {
  const { asOf, completeness, ...site } = await client.get(`/v1/sites/${encodeURIComponent(name)}`, siteSchema.extend(knownAccountSchema.shape));
  tellKnown({ asOf, completeness }, json);
  if (json) return out(JSON.stringify(site));
  out(printTable(["NODE", "TIER", "LAST RECORD"], site.nodes.map((node) => [node.name, node.tier, node.heardMs === null ? "unknown" : `${Math.round(node.heardMs / 1000)} s ago`])));
  process.stderr.write(`${site.name} stands in ${site.jurisdictions.join(", ")}; lead ${site.lead ?? "none"}; apps ${site.apps.join(", ") || "none"}\n`);
}

const unknown = "unknown";
const rowOf = ({ name, jurisdictions, nodes, lead, processors, memoryBytes, apps }: Site): readonly string[] => [
  name,
  jurisdictions.join(" "),
  nodes.map((node) => node.name).join(" "),
  lead ?? "-",
  processors === null ? unknown : String(processors),
  memoryBytes === null ? unknown : `${Math.round(memoryBytes / 2 ** 20)} MiB`,
  apps.join(" "),
];
