/** The lanes in which what triggers a unit can stand. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { makersOf } from "@holon/core/policy/lowering.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import { placeOf } from "./output-place.ts";
import type { UnitContext } from "./unit.ts";
import type { UnitDocument } from "./unit-kind.ts";

export interface TriggerLanes {
  /** Its app's own of its node, and, where it is handed what is in the log whoever made it, all others of nodes whose events it is handed that are here by now. */
  now(): readonly Lane[];
  /** Whether the lane of this name is one of its app's own. */
  isOwn(lane: string): boolean;
}

/** What makes its input may stand in the part of the app that runs elsewhere, so that nobody here knows its stream. */
const handedStreams: ReadonlySet<string> = new Set(["alarm", "data", "telemetry"]);

/** Own streams are those where the trigger's source, or the emitting function or reduction, puts it. */
export const triggerLanes = (fn: Pick<UnitDocument, "on">, context: LaneContext): TriggerLanes => new LanesOf(ownLanes(fn, context), context);

type LaneContext = Pick<UnitContext, "app" | "handed"> & { readonly log: Pick<UnitContext["log"], "origin" | "heads">; readonly guard: Pick<UnitContext["guard"], "lowered" | "mayExport"> };

function ownLanes(fn: Pick<UnitDocument, "on">, { app, log, guard }: LaneContext): readonly Lane[] {
  const streams = new Set<Lane["stream"]>();
  for (const source of app.sources) if (fits(fn.on.type, source.type)) streams.add("local").add(source.stream ?? "local"); // what may not leave is in `local` in any case
  for (const maker of makersOf(app)) {
    for (const [type, emitted] of Object.entries(maker.emits)) if (fits(fn.on.type, type)) streams.add(placeOf(emitted, maker, { app, guard }).stream);
  }
  if (streams.size === 0) streams.add("local");
  return [...streams].map((stream): Lane => ({ origin: log.origin, stream }));
}

/** A class, since each unit has one: methods are shared. */
class LanesOf implements TriggerLanes {
  readonly #own: readonly Lane[];
  readonly #ownNames: readonly string[];
  readonly #context: LaneContext;
  #others: readonly Lane[] = none;
  #known = 0;

  constructor(own: readonly Lane[], context: LaneContext) {
    this.#own = own;
    this.#ownNames = own.map(laneName);
    this.#context = context;
  }

  isOwn(lane: string): boolean {
    return this.#ownNames.includes(lane);
  }

  now(): readonly Lane[] {
    const { log, handed } = this.#context;
    if (handed === undefined) return this.#own;
    const heads = log.heads();
    if (heads.size !== this.#known) {
      this.#known = heads.size;
      const lanes = [...heads.values()].map(({ lane }) => lane);
      this.#others = lanes.filter((lane) => !this.isOwn(laneName(lane)) && lane.branch === undefined && handedStreams.has(lane.stream) && handed(lane.origin)).sort((a, b) => (laneName(a) < laneName(b) ? -1 : 1));
    }
    return this.#others.length === 0 ? this.#own : [...this.#own, ...this.#others];
  }
}

const none: readonly Lane[] = [];
