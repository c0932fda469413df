/** Parameters that a function fitted: stored with their provenance among what is this node's alone, named in a cell, told in the trail. */
import { HolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { ungranted, type FitPlace } from "@holon/core/model/grant.ts";
import { decodeParameters, encodeParameters } from "@holon/core/model/parameters.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { FittedParameters, Random, UnitEvent } from "@holon/core/ports.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";
import type { HandedClass } from "./handed-class.ts";
import type { UnitContext } from "./unit.ts";
import type { UnitDocument } from "./unit-kind.ts";

const encoder = new TextEncoder();
export const fittedCell = (unit: string, model: string, subject: string): string => `fitted/${unit}/${model}/${subject}`;
const fittedSchema = z.strictObject({ blob: blobHashSchema, model: z.string(), subject: z.string(), note: z.string() });
type Context = Pick<UnitContext, "app" | "blobs" | "events" | "log">;
const saltBytes = 16;

export const fitPlace = (name: string, { app, log }: Pick<UnitContext, "app" | "log">): FitPlace => ({ app: app.name, function: name, node: log.origin, models: app.models });

/** Before anything of it is stored, and before the function goes on with it: what it was handed waits until its publisher grants it. Told once to whoever has the same `told`. `HOLON_FIT_UNGRANTED`. */
export async function requireGranted(fitted: readonly FittedParameters[], fn: UnitDocument, context: Context, told: Set<string>): Promise<void> {
  const place = fitPlace(fn.name, context);
  const unit = `${place.app}/${place.function}`;
  for (const parameters of fitted) {
    const { model } = parameters;
    const graph = place.models.find(({ name }) => name === model)?.graph;
    const problem = ungranted(parameters, { producer: "node", node: place.node, unit, graph }, place);
    if (problem === undefined) continue;
    if (!told.has(problem)) await context.log.append({ records: [refusal(unit, { ...(place.models.some(({ name }) => name === model) ? { model } : {}), message: problem }, context)] });
    told.clear();
    told.add(problem);
    throw new HolonError("HOLON_FIT_UNGRANTED", problem);
  }
}

const refusal = (unit: string, data: { readonly model?: string; readonly held?: true; readonly message: string }, { events }: Pick<Context, "events">): NewRecord =>
  events.record({ stream: "audit", type: "holon.model.refused", class: "public", producer: unit, data: { ...data, code: "HOLON_FIT_UNGRANTED" } });

/** What is replaced now, and through where its inputs went. */
async function heldBefore(cell: string, { blobs, log }: Context): Promise<{ readonly blob?: BlobHash; readonly fittedFrom?: string | undefined }> {
  const held = log.cell(cell);
  if (held === undefined) return {};
  const { blob } = fittedSchema.parse(parseJson(held));
  try {
    return { blob, fittedFrom: decodeParameters(await blobs.own.read(blob), blob).provenance.fittedFrom };
  } catch (error) {
    if (error instanceof HolonError) return { blob }; // it is damaged, and replaced at this moment
    throw error;
  }
}

/** What cells name: all that is in use here, or was of a unit that departed and is not forgotten yet. */
export const namedFits = (log: Pick<Context["log"], "cells">): ReadonlySet<BlobHash> => new Set([...log.cells("fitted/").values()].map((value) => fittedSchema.parse(parseJson(value)).blob));

/** At a start, before a unit runs: what was put or brought and not named before a crash, or replaced and not removed. */
export const keepNamed = ({ blobs, log }: Pick<Context, "blobs" | "log">): Promise<void> => blobs.own.keepOnly(namedFits(log));

/** Once the cells are on the disk that name others: of what no cell names any more nobody else would know. */
export async function forgetReplaced(replaced: readonly BlobHash[], { blobs, log }: Pick<Context, "blobs" | "log">): Promise<void> {
  if (replaced.length === 0) return;
  const named = namedFits(log);
  for (const blob of replaced) if (!named.has(blob)) await blobs.own.remove(blob);
}

export async function keepFitted(
  fitted: readonly FittedParameters[],
  events: readonly UnitEvent[],
  { fn, born, ...context }: Context & { readonly fn: UnitDocument; readonly born: Pick<HandedClass, "maker" | "told">; readonly ports: { readonly random: Pick<Random, "bytes"> } },
): Promise<{ readonly records: readonly NewRecord[]; readonly cells: readonly CellChange[]; readonly replaced: readonly BlobHash[] }> {
  const records: NewRecord[] = [];
  const cells: CellChange[] = [];
  const replaced: BlobHash[] = [];
  const unit = `${context.app.name}/${fn.name}`;
  const { node, models } = fitPlace(fn.name, context);
  // The note is the function's own words, and stays with the cell; so do the subject, which may be a person, and the name, a hash by which guesses can be tried, unless the function may tell everybody what it was handed.
  const isTold = fitted.length > 0 && born.maker().from !== "personal" && born.told("public") === "public";
  const fittedFrom = events.at(-1)?.id;
  for (const parameters of fitted) {
    const { model, subject, note } = parameters;
    const graph = models.find(({ name }) => name === model)?.graph;
    const { blob: before, fittedFrom: fittedAfter } = await heldBefore(fittedCell(unit, model, subject), context);
    if (before !== undefined) replaced.push(before);
    const origin = { producer: "node", node, unit, graph, fittedAfter, fittedFrom, salt: toHex(context.ports.random.bytes(saltBytes)) } as const;
    const blob = await context.blobs.own.put(encodeParameters(parameters, origin));
    cells.push({ key: fittedCell(unit, model, subject), value: encoder.encode(JSON.stringify({ blob, model, subject, note })) });
    records.push(
      context.events.record({ stream: "audit", type: "holon.model.fitted", class: "public", producer: unit, subject: isTold ? subject : undefined, data: { model, ...(isTold ? { blob } : {}) } }),
    );
  }
  return { records, cells, replaced };
}

/** What the function has learned, as far as its app's manifest grants it by now. The rest stays on the disk, unused, and is told: once to whoever has the same `told`. */
export async function loadFitted(name: string, context: Context, told: Set<string>): Promise<readonly FittedParameters[]> {
  const { app, blobs, log } = context;
  const unit = `${app.name}/${name}`;
  const fitted: FittedParameters[] = [];
  const refused: NewRecord[] = [];
  for (const value of log.cells(fittedCell(unit, "", "").slice(0, -1)).values()) {
    const { blob, model } = fittedSchema.parse(parseJson(value));
    const { fitted: parameters, provenance } = decodeParameters(await blobs.own.read(blob), blob);
    const problem = ungranted(parameters, provenance, fitPlace(name, context));
    if (problem === undefined) fitted.push(parameters);
    else if (!told.has(blob)) refused.push(refusal(unit, { model, held: true, message: problem }, context));
    if (problem !== undefined) told.add(blob);
  }
  if (refused.length > 0) await log.append({ records: refused });
  return fitted;
}
