/**
 * Which units the document that this node has reached leaves to its site. What is kept here of a unit from when it was left to the site before is of another time, and is not told of; when a unit
 * is left to the site no more, what this node has of it is made whole, so that control can have it brought from who has the newest.
 */
import { parseJson } from "@holon/core/link/frame.ts";
import { compareIds, type LeaseId, type Returned } from "@holon/core/schema/delegation.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { fromBase64 } from "@holon/core/series/base64.ts";
import { z } from "zod";
import type { SegmentLog } from "../log/segment-log.ts";
import { cellsFrom, parseUnitState } from "../moving/unit-state.ts";
import type { Spares } from "./spares.ts";

export interface Tenancy {
  /** Whether it is left to the site since the document that was reached last, as far as this node remembers. */
  has(unit: string): boolean;
  /** Nothing runs but what this document says. Resolves to what is here of units that are left to the site no more. */
  reach(document: Desired): Promise<readonly Returned[]>;
}

const cell = "tenancy";
/** Under no grant of a lead, and before all of them. */
const byControl: LeaseId = [0, 0];
const unitsSchema = z.array(z.string());

export function createTenancy(log: SegmentLog, spares: Spares): Tenancy {
  let read: { readonly bytes: Uint8Array; readonly units: ReadonlySet<string> } | undefined;

  function remembered(): ReadonlySet<string> | undefined {
    const bytes = log.cell(cell);
    if (bytes !== undefined && read?.bytes !== bytes) read = { bytes, units: new Set(unitsSchema.parse(parseJson(bytes))) };
    return bytes && read?.units;
  }

  /** What it came with is all that there is of it: nobody begins it from nothing. */
  async function begin(document: Desired, began: readonly string[]): Promise<void> {
    const own = began.filter((unit) => document.delegation?.units.some((one) => one.unit === unit && one.home === log.origin));
    if (own.length > 0) await log.append({ cells: own.map((unit) => spares.tenureCell(unit, byControl)) });
    for (const unit of own) await spares.make(unit);
  }

  /** What a sibling gave last is newer than what this node held itself. */
  async function conclude(unit: string): Promise<void> {
    const spare = spares.of(unit);
    if (spare === undefined || spare.state === null || compareIds(spare.id.slice(0, 2), spares.tenure(unit)) <= 0) return;
    await log.append({ cells: [...cellsFrom(parseUnitState(fromBase64(spare.state), unit), log)] });
  }

  function returnedOf(unit: string): readonly Returned[] {
    const [tenure, spare] = [spares.tenure(unit), spares.of(unit)];
    const isOwn = tenure !== null && compareIds(tenure, spare?.id.slice(0, 2) ?? null) >= 0;
    // Who had it last has more than it gave to siblings.
    if (isOwn) return [{ unit, id: [tenure[0], tenure[1], (compareIds(tenure, spare?.id.slice(0, 2) ?? null) === 0 ? (spare?.id[2] ?? 0) : 0) + 1] }];
    return spare === undefined || spare.state === null ? [] : [{ unit, id: spare.id }];
  }

  return {
    has: (unit) => remembered()?.has(unit) ?? false,
    async reach(document) {
      const now = new Set(document.delegation?.units.map(({ unit }) => unit));
      const own = new Set(document.apps.flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`)));
      const known = remembered();
      // A node of before kept no such list: what it has of a unit is of the present.
      const before = known ?? new Set(spares.units().filter((unit) => now.has(unit)));
      for (const unit of before) if (!own.has(unit)) await conclude(unit);
      const began = [...now].filter((unit) => !before.has(unit));
      if (began.length > 0) await log.append({ cells: began.flatMap((unit) => spares.forgotten(unit)) });
      await begin(document, began);
      const isNew = known === undefined ? now.size > 0 || spares.units().length > 0 : known.size !== now.size || [...now].some((unit) => !known.has(unit));
      if (isNew) await log.append({ cells: [{ key: cell, value: new TextEncoder().encode(JSON.stringify([...now].sort())) }] });
      return spares.units().filter((unit) => !now.has(unit)).flatMap(returnedOf);
    },
  };
}
