/**
 * What stops on islands is never in two places: where the plan takes such a unit from a node, the next one is given it when the node has said that it runs the document without it, or
 * when its lease is over. Until then it stands in a cell, so that a restart does not forget it.
 */
import { z } from "zod";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { KnownNode } from "../store/fold.ts";
import type { Hearing } from "./hearing.ts";

/** `version`: the first document of the node without the unit. `delegated`: the lead of its site may let it run there as long as the node has an older one, whatever control hears. */
const leavingSchema = z.array(z.strictObject({ unit: z.string(), node: z.string(), version: z.int(), delegated: z.boolean().optional() }));
export type Leaving = z.infer<typeof leavingSchema>;

const cell = "plan/leaving";

/** Those that may still run, by what is known now. */
export function stillLeaving(log: Log, nodes: ReadonlyMap<string, KnownNode>, hearing: Hearing): Leaving {
  return readLeaving(log).filter(({ node, version, delegated }) => {
    const reported = nodes.get(node)?.reported;
    return !(reported?.outcome === "settled" && reported.version >= version) && (delegated === true || !hearing.isLeaseOver(node));
  });
}

export function readLeaving(log: Log): Leaving {
  const bytes = log.cell(cell);
  return bytes === undefined ? [] : leavingSchema.parse(parseJson(bytes));
}

/** Undefined where nothing changes. */
export function leavingCell(log: Log, leaving: Leaving): CellChange | undefined {
  return canonicalJson(readLeaving(log)) === canonicalJson(leaving) ? undefined : { key: cell, value: new TextEncoder().encode(canonicalJson(leaving)) };
}

/** Of what a node is to run, what stops on islands: `app/function`. */
export const stoppingOf = (apps: readonly AppDocument[]): readonly string[] => apps.flatMap((app) => app.functions.flatMap((fn) => (fn.needs?.onIsolation === "stop" ? `${app.name}/${fn.name}` : [])));
