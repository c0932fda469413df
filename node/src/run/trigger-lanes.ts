import type { Lane } from "@holon/core/log/log.ts";
import { makersOf } from "@holon/core/policy/lowering.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import { placeOf } from "./output-place.ts";
import type { UnitContext } from "./unit.ts";
import type { UnitDocument } from "./unit-kind.ts";

/** This node's own streams in which the trigger's type can stand: where its source, or the emitting function or reduction, puts it. */
export function triggerLanes(fn: Pick<UnitDocument, "on">, { app, log, guard }: Pick<UnitContext, "app" | "log" | "guard">): readonly Lane[] {
  const streams = new Set<Lane["stream"]>();
  for (const source of app.sources) if (fits(fn.on.type, source.type)) streams.add("local").add(source.stream ?? "local"); // what may not leave is in `local` in any case
  for (const maker of makersOf(app)) {
    for (const [type, emitted] of Object.entries(maker.emits)) if (fits(fn.on.type, type)) streams.add(placeOf(emitted, maker, { app, guard }).stream);
  }
  if (streams.size === 0) streams.add("local");
  return [...streams].map((stream) => ({ origin: log.origin, stream }));
}
