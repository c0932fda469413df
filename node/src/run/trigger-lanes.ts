/** The lanes in which what triggers a unit can stand. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { makersOf } from "@holon/core/policy/lowering.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import { placeOf } from "./output-place.ts";
import type { UnitContext } from "./unit.ts";
import type { UnitDocument } from "./unit-kind.ts";

export interface TriggerLanes {
  /** Its node's own, and, where it is handed what comes from others, those of them that are here by now. */
  now(): readonly Lane[];
  /** Names of its node's own. */
  readonly own: ReadonlySet<string>;
}

/** What makes its input may stand in the part of the app that runs elsewhere, so that nobody here knows its stream. */
const handedStreams: ReadonlySet<string> = new Set(["alarm", "data", "telemetry"]);

/** Own streams are those where the trigger's source, or the emitting function or reduction, puts it. */
export function triggerLanes(fn: Pick<UnitDocument, "on">, { app, log, guard, handed }: Pick<UnitContext, "app" | "log" | "guard" | "handed">): TriggerLanes {
  const streams = new Set<Lane["stream"]>();
  for (const source of app.sources) if (fits(fn.on.type, source.type)) streams.add("local").add(source.stream ?? "local"); // what may not leave is in `local` in any case
  for (const maker of makersOf(app)) {
    for (const [type, emitted] of Object.entries(maker.emits)) if (fits(fn.on.type, type)) streams.add(placeOf(emitted, maker, { app, guard }).stream);
  }
  if (streams.size === 0) streams.add("local");
  const own = [...streams].map((stream): Lane => ({ origin: log.origin, stream }));
  const others: Lane[] = [];
  let known = 0;
  return {
    own: new Set(own.map(laneName)),
    now() {
      if (handed === undefined) return own;
      const heads = log.heads();
      if (heads.size !== known) {
        known = heads.size;
        others.length = 0;
        for (const { lane } of heads.values()) if (lane.origin !== log.origin && lane.branch === undefined && handedStreams.has(lane.stream) && handed(lane.origin)) others.push(lane);
        others.sort((a, b) => (laneName(a) < laneName(b) ? -1 : 1));
      }
      return others.length === 0 ? own : [...own, ...others];
    },
  };
}
