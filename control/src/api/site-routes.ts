/** Sites over HTTP: nodes that reach each other without their uplinks. */
import { listRoute } from "@holon/core/api/page.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";
import { z } from "zod";
import type { Control } from "../control.ts";

export const siteSchema = z.object({
  name: z.string(),
  /** Of its nodes, each once. */
  jurisdictions: z.array(z.string()),
  nodes: z.array(z.object({ name: z.string(), tier: tierSchema, heardMs: z.number().nullable() })),
  /** Who led it by its last news; null where nobody does. */
  lead: z.string().nullable(),
  /** What its nodes have together, as far as they have told; null where none has. */
  processors: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  /** Apps with a part that a node of it is to run. */
  apps: z.array(z.string()),
});
export type Site = z.infer<typeof siteSchema>;

export function siteRoutes(control: Control): readonly Route[] {
  return [
    listRoute({ path: "/v1/sites", summary: "All sites.", rows: "sites", row: siteSchema, keyOf: ({ name }) => name, all: () => membersOf(control), show: (members) => siteOf(control, members) }),
    {
      method: "GET",
      path: "/v1/sites/{site}",
      summary: "One site.",
      answer: siteSchema,
      handle({ params }) {
        const found = membersOf(control).find(({ name }) => name === params["site"]);
        if (found === undefined) return Promise.reject(new HolonError("HOLON_NODE_UNKNOWN", `no node of a site ${params["site"] ?? ""} was ever heard`, { next: "See `holon site list`." }));
        return Promise.resolve({ status: 200, body: siteOf(control, found) });
      },
    },
  ];
}

interface Members {
  readonly name: string;
  readonly nodes: string[];
}

function membersOf(control: Control): readonly Members[] {
  const members = new Map<string, Members>();
  for (const { name, site } of control.known()) {
    const known = members.get(site);
    if (known === undefined) members.set(site, { name: site, nodes: [name] });
    else known.nodes.push(name);
  }
  return [...members.values()];
}

function siteOf(control: Control, { name, nodes: names }: Members): Site {
  const nodes = names.toSorted().map((node) => control.brief(node)).filter((node) => node !== undefined);
  return {
    name,
    jurisdictions: [...new Set(nodes.map(({ jurisdiction }) => jurisdiction))].sort(),
    nodes: nodes.map((node) => ({ name: node.name, tier: node.tier, heardMs: node.heardMs ?? null })),
    lead: nodes.find(({ leads }) => leads)?.name ?? null,
    processors: sumOf(nodes.map(({ inventory }) => inventory?.capacity.processors)),
    memoryBytes: sumOf(nodes.map(({ inventory }) => inventory?.capacity.memoryBytes)),
    apps: control.apps().length === 0 ? [] : [...new Set(nodes.flatMap((node) => control.appsOn(node.name)))].sort(),
  };
}

function sumOf(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}
