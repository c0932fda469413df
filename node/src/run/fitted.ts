/** Parameters that a function fitted: stored as a blob with its provenance, named in a cell, told in the trail. */
import { encodeParameters } from "@holon/core/model/parameters.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { FittedParameters, UnitEvent } from "@holon/core/ports.ts";
import { classOf } from "@holon/core/reduce/declared.ts";
import { fittedCell } from "./program.ts";
import type { UnitContext } from "./unit.ts";
import type { UnitDocument } from "./unit-kind.ts";

const encoder = new TextEncoder();

export async function keepFitted(
  fitted: readonly FittedParameters[],
  events: readonly UnitEvent[],
  fn: UnitDocument,
  context: Pick<UnitContext, "app" | "blobs" | "events" | "log">,
): Promise<{ readonly records: readonly NewRecord[]; readonly cells: readonly CellChange[] }> {
  const records: NewRecord[] = [];
  const cells: CellChange[] = [];
  const unit = `${context.app.name}/${fn.name}`;
  // The note is the function's own words, and the subject of what is personal a person: they stay, with the cell.
  const isPersonal = classOf(context.app, fn.on.type) === "personal";
  const fittedFrom = events.at(-1)?.id;
  for (const parameters of fitted) {
    const { model, subject, note } = parameters;
    const origin = { producer: "node", node: context.log.origin, unit, ...(fittedFrom === undefined ? {} : { fittedFrom }) } as const;
    const blob = await context.blobs.put(encodeParameters(parameters, origin));
    cells.push({ key: fittedCell(unit, model, subject), value: encoder.encode(JSON.stringify({ blob, model, subject, note })) });
    records.push(
      context.events.record({ stream: "audit", type: "holon.model.fitted", class: "public", producer: unit, subject: isPersonal ? undefined : subject, data: { model, blob } }),
    );
  }
  return { records, cells };
}
