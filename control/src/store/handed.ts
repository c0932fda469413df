/** What nodes told of data that their units were handed, and of what their models asked. */
import { handedSchema, type Asked } from "@holon/core/schema/condition.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { placementPolicySchema } from "@holon/core/schema/needs.ts";

export interface HandedState {
  /** By unit, then by the node that tells it, from where the unit was handed how much there, by what was told last. */
  readonly handed: Map<string, Map<string, HandedThere>>;
  /** By unit, nodes from which it was handed something, and by whom and when that was told last, by the clock of who told: a quiet night is no reason to forget one. */
  readonly origins: Map<string, Map<string, { readonly by: string; readonly atMs: number }>>;
  /** By model (`app/model`) that asks one above, then by node, by what was told last. */
  readonly asked: Map<string, Map<string, AskedThere>>;
}

export interface HandedThere {
  readonly bytes: Readonly<Record<string, number>>;
  readonly overMs: number;
  /** Wall-clock milliseconds of the node. */
  readonly atMs: number;
}

export interface AskedThere extends Asked {
  readonly overMs: number;
  /** Wall-clock milliseconds of the node. */
  readonly atMs: number;
}

const { staleAfterMs } = placementPolicySchema.parse({});

type IsDeployed = (kind: "function" | "model", unit: string) => boolean;

export const deployedIn = (apps: ReadonlyMap<string, { readonly document: Pick<AppDocument, "functions" | "models"> }>): IsDeployed => (kind, unit) => {
  const [app = "", name = ""] = unit.split("/");
  const document = apps.get(app)?.document;
  return (kind === "function" ? document?.functions : document?.models)?.some((one) => one.name === name) === true;
};

/** Of what is not deployed nobody keeps anything: a node may tell of as much as it likes. False for what is no such report. */
export function handedTold({ handed, origins, asked, nodes }: HandedState & { readonly nodes: ReadonlyMap<string, unknown> }, isDeployed: IsDeployed, node: string, time: string, data: unknown): boolean {
  const told = handedSchema.safeParse(data);
  if (!told.success) return false;
  const { units, models = [], overMs } = told.data;
  const atMs = Date.parse(time);
  for (const { unit, bytes } of units) {
    if (!isDeployed("function", unit)) continue;
    handed.set(unit, (handed.get(unit) ?? new Map<string, HandedThere>()).set(node, { bytes, overMs, atMs }));
    origins.set(unit, seenSince(origins.get(unit), bytes, { by: node, atMs }, (name) => nodes.has(name)));
  }
  for (const one of models) {
    if (!isDeployed("model", one.model)) continue;
    const rows = asked.get(one.model) ?? new Map<string, AskedThere>();
    asked.set(one.model, rows.set(node, { ...one, overMs, atMs }));
  }
  return true;
}

/** A node from which nothing came for so long makes nothing for it any more. Of names that are no nodes a liar may tell as many as he likes. */
function seenSince(before: ReadonlyMap<string, Seen> | undefined, bytes: Readonly<Record<string, number>>, now: Seen, isNode: (name: string) => boolean): Map<string, Seen> {
  const seen = new Map([...(before ?? [])].filter(([, { by, atMs }]) => by !== now.by || Math.abs(now.atMs - atMs) <= staleAfterMs));
  for (const [node, count] of Object.entries(bytes)) if (count > 0 && isNode(node)) seen.set(node, now);
  return seen;
}

/** Who told it, and when, by its clock. */
interface Seen {
  readonly by: string;
  readonly atMs: number;
}

/**
 * A node that is heard, and told nothing of a model for so long, asks nothing by it any more; nor was a unit handed anything there of which another node tells as well. Held against its own clock, whatever that
 * is: one that is silent stands as it was told last. Of where something came from the same is forgotten by the clock of who told it. True where something was let go of.
 */
export function letGoOfOld({ asked, handed, origins }: HandedState, node: string, time: string): boolean {
  let gone = false;
  for (const rows of origins.values()) for (const [from, { by, atMs }] of rows) if (by === node && Math.abs(Date.parse(time) - atMs) > staleAfterMs) gone = rows.delete(from) || gone;
  for (const rows of handed.values()) {
    const row = rows.get(node);
    if (row !== undefined && rows.size > 1 && Math.abs(Date.parse(time) - row.atMs) > staleAfterMs) gone = rows.delete(node) || gone;
  }
  for (const rows of asked.values()) {
    const row = rows.get(node);
    if (row !== undefined && Math.abs(Date.parse(time) - row.atMs) > staleAfterMs) gone = rows.delete(node) || gone;
  }
  return gone;
}

/** An app was taken away, or deployed without some of what it had. */
export function letGoOfUnits({ handed, origins, asked }: HandedState, app: string, stays: (unit: string) => boolean): void {
  for (const told of [handed, origins, asked]) for (const unit of told.keys()) if (unit.startsWith(`${app}/`) && !stays(unit)) told.delete(unit);
}
