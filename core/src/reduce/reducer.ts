/** What a reduction is while it runs: takes events in the order of the log, hands back what is ready. Pure: the same events make the same outputs. */
import type { UnitEvent } from "../ports.ts";
import { StateTable } from "../run/state-table.ts";
import type { Reduction } from "../schema/reduction.ts";
import { aggregating } from "./aggregate.ts";
import { anonymising } from "./anonymise.ts";
import { gathering, type Take } from "./gather.ts";
import type { Keyed } from "./keyed.ts";
import { addingNoise } from "./noise.ts";
import { pseudonymising, redacting } from "./redact.ts";
import { reservoir } from "./reservoir.ts";
import { Subjects, type SubjectKind } from "./subjects.ts";

/** One output. */
export interface Reduced {
  readonly subject: string | undefined;
  readonly timeMs: number;
  readonly data: unknown;
}

export interface Reducer {
  take(event: UnitEvent): readonly Reduced[];
  /** Changes of the durable state since the last call. */
  changes(): ReturnType<StateTable["takeChanges"]>;
}

/** Reductions that need nothing but the events they are for: neither the log nor a model. */
export type EventReduction = Exclude<Reduction, { readonly kind: "frames" | "judge" }>;

/** `kept` is the durable state that an earlier reducer of the same reduction left. */
export function createReducer(reduction: EventReduction, kept: ReadonlyMap<string, string>, keyed: Keyed): Reducer {
  const state = new StateTable(reduction.name, kept);
  if (reduction.kind === "redact" || reduction.kind === "pseudonymise" || reduction.kind === "k-anonymise" || reduction.kind === "noise") {
    const take = guarding(reduction, state, kept, keyed);
    return { take, changes: () => state.takeChanges() };
  }
  if (reduction.kind === "discard") return { take: () => [], changes: () => state.takeChanges() };
  const subjects = new Subjects<unknown>(kindOf(reduction), state, kept);
  return {
    take: (event) => subjects.take(event),
    changes() {
      subjects.save();
      return state.takeChanges();
    },
  };
}

type Guarding = Extract<Reduction, { readonly kind: "redact" | "pseudonymise" | "k-anonymise" | "noise" }>;

function guarding(reduction: Guarding, state: StateTable, kept: ReadonlyMap<string, string>, keyed: Keyed): Reducer["take"] {
  if (reduction.kind === "redact") return redacting(reduction);
  if (reduction.kind === "pseudonymise") return pseudonymising(reduction, keyed);
  return reduction.kind === "k-anonymise" ? anonymising(reduction, state, kept) : addingNoise(reduction, state, kept, keyed);
}

function kindOf(reduction: Exclude<EventReduction, Guarding | { readonly kind: "discard" }>): SubjectKind<unknown> {
  if (reduction.kind === "aggregate") return aggregating(reduction);
  if (reduction.kind === "sample" && reduction.method.kind === "reservoir") return reservoir(reduction, reduction.method);
  const every = reduction.kind === "sample" && reduction.method.kind === "systematic" ? reduction.method.every : 1;
  return gathering(reduction, takeEvery(every));
}

const takeEvery = (every: number): Take => (seen) => seen % every === 0;
