/** Where the parts of an app are to run, by the documents that stand issued, and by which rule of its manifest. */
import type { Log } from "@holon/core/log/log.ts";
import type { AppDocument, Tier } from "@holon/core/schema/app.ts";
import { z } from "zod";
import type { KnownApp } from "../store/fold.ts";
import { issuedFor } from "./issued.ts";

const partSchema = z.object({
  name: z.string(),
  kind: z.enum(["function", "source", "model", "reduction"]),
  /** Control chooses its nodes, and can say why; else it is on every node of a tier. */
  isPlaced: z.boolean(),
  /** The tier in its `run`. */
  tier: z.string().nullable(),
  nodes: z.array(z.string()),
});
export const appPlacesSchema = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string().nullable(),
  deployedAt: z.string(),
  parts: z.array(partSchema),
  /** Revoked nodes that are no place of it, and would be by their tier, or for which some of it stands issued still. */
  leftOut: z.array(z.string()),
  egress: z.array(z.object({ class: z.string(), to: z.string() })),
});
export type AppPlaces = z.infer<typeof appPlacesSchema>;

export function placesOf({ document, deployedAt }: KnownApp, nodes: readonly { readonly name: string; readonly tier: Tier; readonly isRevoked: boolean }[], log: Pick<Log, "cell">): AppPlaces {
  const all = nodes.map(({ name, tier, isRevoked }) => ({ node: name, tier, isRevoked, units: issuedFor(log, name)?.unitsByApp.get(document.name) }));
  const issued = all.filter(({ isRevoked }) => !isRevoked);
  const nodesOf = (name: string): string[] => issued.filter(({ units }) => units?.has(name) === true).map(({ node }) => node);
  const part = (kind: AppPlaces["parts"][number]["kind"], { name, run, needs }: { readonly name: string; readonly run?: { readonly tier?: string | undefined } | undefined; readonly needs?: unknown }): AppPlaces["parts"][number] => ({
    name, kind, isPlaced: needs !== undefined, tier: run?.tier ?? null, nodes: nodesOf(name),
  });
  return {
    name: document.name,
    version: document.version,
    description: document.description ?? null,
    deployedAt,
    parts: [
      ...document.sources.map((source) => part("source", source)),
      ...document.functions.map((fn) => part("function", fn)),
      ...document.models.map((model) => part("model", model)),
      ...(document.reductions ?? []).map((reduction) => part("reduction", reduction)),
    ],
    leftOut: all.flatMap(({ node, tier, isRevoked, units }) => (isRevoked && (units !== undefined || isOfTier(document, tier)) ? [node] : [])),
    egress: document.egress.map((rule) => ({ class: rule.class, to: rule.to })),
  };
}

/** Whether some of it runs on every node of that tier. What is placed has its places from the plan, which passes over who is revoked. */
const isOfTier = ({ sources, functions }: AppDocument, tier: Tier): boolean => (tier === "gateway" && sources.length > 0) || functions.some(({ needs, run }) => needs === undefined && (run?.tier ?? "gateway") === tier);
