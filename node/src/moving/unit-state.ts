/** What a unit holds on its node, as it travels to another: read from the cells of one, written as the cells of the other. */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import { unitStateSchema, type UnitState } from "@holon/core/schema/moving.ts";
import { dataClassSchema, type DataClass } from "@holon/core/schema/event.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import { fromBase64, toBase64 } from "@holon/core/series/base64.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";
import { positionCell, storedUnit } from "../run/program.ts";
import { heldOf } from "./held.ts";

type Cells = Pick<Log, "cell" | "cells">;
type Family = UnitState["cells"][number]["family"];

const families: readonly Family[] = ["state", "fitted", "window"];
const fittedBlobSchema = z.object({ blob: blobHashSchema });
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** One cell each: the time that was told last, the run of a job, and the class of what the rest was made of. */
const singles: readonly Family[] = ["schedule", "job", "born"];
const prefixOf = (family: Family, unit: string): string => (singles.includes(family) ? `${family}/${unit}` : `${family}/${unit}/`);

function cellsOf(unit: string, log: Cells): UnitState["cells"] {
  const held: UnitState["cells"] = [
    ...families.flatMap((family) => [...log.cells(prefixOf(family, unit))].map(([key, value]) => ({ family, key: key.slice(prefixOf(family, unit).length), value: toBase64(value) }))),
    ...singles.flatMap((family) => {
      const value = log.cell(prefixOf(family, unit));
      return value === undefined ? [] : [{ family, key: "", value: toBase64(value) }];
    }),
  ];
  return held.every(({ family }) => family === "born") ? [] : held;
}

/** Of what the unit holds, as far as it was written beside it. */
export const bornOf = ({ cells }: Pick<UnitState, "cells">): readonly DataClass[] => cells.flatMap(({ family, value }) => (family === "born" ? [dataClassSchema.parse(decoder.decode(fromBase64(value)))] : []));

/** `salt`: of a departure that is about to be told; of one that was told, what it was told with. */
export function unitStateOf(unit: string, id: string, log: Log, salt: string | undefined = saltOf(unit, id, log)): UnitState {
  const cells = cellsOf(unit, log);
  const blobs = cells.flatMap(({ family, value }): BlobHash[] => (family === "fitted" ? [fittedBlobSchema.parse(parseJson(fromBase64(value))).blob] : []));
  return { apiVersion: "holon/v1", kind: "UnitState", unit, id, positions: Object.fromEntries(storedUnit(unit, log).positions), cells, blobs: [...new Set(blobs)].sort(), ...(salt === undefined ? {} : { salt }) };
}

function saltOf(unit: string, id: string, log: Cells): string | undefined {
  const held = heldOf(unit, log);
  return held?.id === id ? held.salt : undefined;
}

export const encodeUnitState = (state: UnitState): Uint8Array => encoder.encode(canonicalJson(state));

/** `HOLON_FRAME_BAD` where the bytes are not the state of that unit. */
export function parseUnitState(bytes: Uint8Array, unit: string): UnitState {
  const parsed = unitStateSchema.safeParse(parseJson(bytes));
  if (!parsed.success || parsed.data.unit !== unit) throw new HolonError("HOLON_FRAME_BAD", `what came as the state of ${unit} is not that: ${parsed.success ? `it is of ${parsed.data.unit}` : z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** In place of whatever the unit had here before. */
export function cellsFrom({ unit, cells, positions }: UnitState, log: Cells): readonly CellChange[] {
  const written = new Map(cells.map(({ family, key, value }) => [`${prefixOf(family, unit)}${key}`, fromBase64(value)]));
  const stale = [...families.flatMap((family) => [...log.cells(prefixOf(family, unit)).keys()]), ...singles.map((family) => prefixOf(family, unit))].filter((key) => !written.has(key) && log.cell(key) !== undefined);
  return [
    ...stale.map((key): CellChange => ({ key, value: null })),
    ...[...written].map(([key, value]): CellChange => ({ key, value })),
    { key: positionCell(unit), value: encoder.encode(JSON.stringify(positions)) },
  ];
}

/** All that the unit wrote here, and the sets of parameters that no other unit's cell names. */
export function forgottenOf(unit: string, log: Cells): { readonly cells: readonly CellChange[]; readonly blobs: readonly BlobHash[] } {
  const own = new Set(cellsOf(unit, log).map(({ family, key }) => `${prefixOf(family, unit)}${key}`));
  const named = (isOwn: boolean): BlobHash[] => [...log.cells("fitted/")].flatMap(([key, value]) => (own.has(key) === isOwn ? [fittedBlobSchema.parse(parseJson(value)).blob] : []));
  const others = new Set(named(false));
  return { cells: [...own, positionCell(unit)].filter((key) => log.cell(key) !== undefined).map((key) => ({ key, value: null })), blobs: [...new Set(named(true))].filter((blob) => !others.has(blob)) };
}

/** As many as a record tells. */
export const positionsTold = (positions: Readonly<Record<string, number>>): Readonly<Record<string, number>> => Object.fromEntries(Object.entries(positions).slice(0, limits.moveLanesTold));
