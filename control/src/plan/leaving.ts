/**
 * What stops on islands is never in two places: where the plan takes such a unit from a node, the next one is given it when the node has said that it runs the document without it, or
 * when its lease is over. Until then it stands in a cell, so that a restart does not forget it.
 */
import { z } from "zod";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { compareIds } from "@holon/core/schema/delegation.ts";
import type { KnownNode } from "../store/fold.ts";
import type { Hearing } from "./hearing.ts";

/** `version`: the first document of the node without the unit. `delegated`: the lead of its site may let it run there as long as the node has an older one, whatever control hears. */
const leavingSchema = z.array(z.strictObject({ unit: z.string(), node: z.string(), version: z.int(), delegated: z.boolean().optional() }));
export type Leaving = z.infer<typeof leavingSchema>;

const cell = "plan/leaving";

/** Those that may still run, by what is known now. What was left to a site leaves it when all have said so, of whom none is heard any more once it was revoked. */
export function stillLeaving(log: Pick<Log, "cell">, { nodes, revoked }: LeavingFacts, hearing: Pick<Hearing, "isLeaseOver">): Leaving {
  const rows = readLeaving(log);
  const hasSaid = ({ node, version }: Leaving[number]): boolean => hasSettled(nodes, node, version);
  const isOpen = (row: Leaving[number]): boolean => !hasSaid(row) && !((row.delegated !== true || revoked.has(row.node)) && hearing.isLeaseOver(row.node));
  const open = new Set(rows.filter((row) => row.delegated === true && isOpen(row)).map(({ unit }) => unit));
  return rows.filter((row) => (row.delegated === true ? open.has(row.unit) : isOpen(row)));
}

export interface LeavingFacts {
  readonly nodes: ReadonlyMap<string, KnownNode>;
  readonly revoked: ReadonlySet<string>;
}

const hasSettled = (nodes: ReadonlyMap<string, KnownNode>, node: string, version: number): boolean => {
  const reported = nodes.get(node)?.reported;
  return reported?.outcome === "settled" && reported.version >= version;
};

/** Units that their sites have given back with this, each with the member that has the newest of what it held; where none tells of any, it holds nothing. */
export function returnedOf(log: Pick<Log, "cell">, { nodes }: Pick<LeavingFacts, "nodes">, still: Leaving): readonly { readonly unit: string; readonly node: string }[] {
  const isLeaving = new Set(still.filter(({ delegated }) => delegated === true).map(({ unit }) => unit));
  const newest = new Map<string, { readonly node: string; readonly id: readonly number[] }>();
  for (const { unit, node, version, delegated } of readLeaving(log)) {
    if (delegated !== true || isLeaving.has(unit) || !hasSettled(nodes, node, version)) continue;
    const id = nodes.get(node)?.reported?.returned?.find((row) => row.unit === unit)?.id;
    if (id !== undefined && compareIds(id, newest.get(unit)?.id ?? null) > 0) newest.set(unit, { node, id });
  }
  return [...newest].map(([unit, { node }]) => ({ unit, node }));
}

export function readLeaving(log: Pick<Log, "cell">): Leaving {
  const bytes = log.cell(cell);
  return bytes === undefined ? [] : leavingSchema.parse(parseJson(bytes));
}

/** Undefined where nothing changes. */
export function leavingCell(log: Log, leaving: Leaving): CellChange | undefined {
  return canonicalJson(readLeaving(log)) === canonicalJson(leaving) ? undefined : { key: cell, value: new TextEncoder().encode(canonicalJson(leaving)) };
}

/** Of what a node is to run, what stops on islands: `app/function`. */
export const stoppingOf = (apps: readonly AppDocument[]): readonly string[] => apps.flatMap((app) => app.functions.flatMap((fn) => (fn.needs?.onIsolation === "stop" ? `${app.name}/${fn.name}` : [])));
