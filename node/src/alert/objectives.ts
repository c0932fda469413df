/** The objectives of one node: fed with windows as they come, kept over a start as cells. */
import { createBoard, type Board, type BoardLook, type KeptCounts } from "@holon/core/alert/board.ts";
import { keptBudgetSchema } from "@holon/core/alert/budget.ts";
import { completenessOf } from "@holon/core/alert/row-completeness.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { Objective } from "@holon/core/schema/objective.ts";
import type { Alert } from "@holon/core/telemetry/alert.ts";
import type { FleetRow } from "@holon/core/telemetry/fleet-status.ts";
import { isExcused } from "@holon/core/telemetry/completeness.ts";
import { z } from "zod";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Declarations } from "./declared.ts";

export interface Objectives extends Pick<Board, "told"> {
  changed(): void;
  look(rows: readonly FleetRow[], nowMs: number, open: ReadonlyMap<string, Alert>): readonly Alert[];
  rows(rows: readonly FleetRow[], nowMs: number): ReturnType<Board["rows"]>;
  /** What is to be kept of what has changed. */
  cells(): readonly CellChange[];
}

const prefix = "objective/kept/";
const encoder = new TextEncoder();
const keptSchema = z.object({ key: z.string(), of: z.string().optional(), steps: keptBudgetSchema, through: z.record(z.string(), z.number()) });

export interface ObjectivesOptions {
  readonly log: SegmentLog;
  readonly declarations: Declarations;
  readonly place: { readonly site: string; readonly isRoot: boolean; readonly takesChildren: boolean };
  sha256(bytes: Uint8Array): Uint8Array;
}

export function createObjectives({ log, declarations, place, sha256 }: ObjectivesOptions): Objectives {
  const self = log.origin;
  const board = createBoard(self);
  const cellOf = (key: string): string => `${prefix}${toHex(sha256(encoder.encode(key))).slice(0, 32)}`;

  function keptOf(key: string): KeptCounts | undefined {
    const cell = log.cell(cellOf(key));
    return cell === undefined ? undefined : keptSchema.parse(parseJson(cell));
  }

  function lookOf(rows: readonly FleetRow[], nowMs: number, open: ReadonlyMap<string, Alert>): BoardLook {
    let bySite: ReadonlyMap<string, readonly FleetRow[]> | undefined;
    let byNode: ReadonlyMap<string, readonly FleetRow[]> | undefined;
    const of = (per: Objective["per"], scope: string): readonly FleetRow[] => {
      if (per === "fleet") return rows;
      return (per === "site" ? (bySite ??= grouped(rows, ({ site }) => site)) : (byNode ??= grouped(rows, ({ node }) => node))).get(scope) ?? [];
    };
    const mine = new Map<string, boolean>();
    const holdsSite = (site: string): boolean => {
      const known = mine.get(site) ?? holds(place, self, site, of("site", site));
      mine.set(site, known);
      return known;
    };
    return {
      nowMs,
      open,
      siteOf: (node) => of("node", node)[0]?.site,
      tells: (per, scope) => (per === "node" ? scope === self : per === "fleet" ? place.isRoot : holdsSite(scope)),
      scopes: (per, has) => (per === "fleet" ? (rows.some(({ node }) => has(node)) ? ["fleet"] : []) : [...new Set(rows.filter(({ node, state }) => !isExcused(state) && has(node)).map(({ node, site }) => (per === "node" ? node : site)))]),
      completeness: (per, scope, has) => completenessOf(of(per, scope).filter(({ node }) => has(node)), nowMs),
    };
  }

  board.declare(declarations.all(), keptOf);
  return {
    told: board.told,
    changed: () => board.declare(declarations.all(), keptOf),
    look: (rows, nowMs, open) => board.look(lookOf(rows, nowMs, open)),
    rows: (rows, nowMs) => board.rows(lookOf(rows, nowMs, new Map())),
    cells: () => [...board.kept()].map(([key, kept]): CellChange => ({ key: cellOf(key), value: kept === null ? null : encoder.encode(JSON.stringify({ key, ...kept })) })),
  };
}

function grouped(rows: readonly FleetRow[], keyOf: (row: FleetRow) => string): ReadonlyMap<string, readonly FleetRow[]> {
  const groups = new Map<string, FleetRow[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** The node that a site hangs on: one of its own that takes children, else the one that its nodes are connected to. */
function holds({ site: own, takesChildren, isRoot }: ObjectivesOptions["place"], self: string, site: string, rows: readonly FleetRow[]): boolean {
  if (site === own) return takesChildren || (isRoot && rows.length <= 1);
  const members = new Set(rows.map(({ node }) => node));
  return rows.some(({ parent }) => parent === self) && !rows.some(({ parent }) => parent !== null && members.has(parent));
}

