/** How nodes told last that they stand, since when of each part, and in which runs they told what is known of them: by whose clocks its times are. */
import type { LogRecord } from "@holon/core/log/log.ts";
import { conditionSchema, driftKinds, type Condition, type DriftKind } from "@holon/core/schema/condition.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";

export interface ConditionState {
  readonly conditions: Map<string, { readonly now: Condition; readonly since: Readonly<Partial<Record<DriftKind, string>>> }>;
  readonly behindSince: Map<string, { readonly version: number; readonly at: string }>;
  readonly toldIn: Map<string, ToldIn>;
}

/** Epochs of a node's log. */
export interface ToldIn {
  readonly started?: string;
  readonly inventory?: string;
  readonly reported?: string;
  /** Of each part of its condition the one in which it was told first as it is now. */
  readonly since?: Readonly<Partial<Record<DriftKind, string>>>;
  /** Of since when it holds something back. */
  readonly held?: string | undefined;
}

/** `what`: what it told just now. */
export function toldNow({ toldIn }: Pick<ConditionState, "toldIn">, node: string, what: ToldIn): void {
  toldIn.set(node, { ...toldIn.get(node), ...what });
}

/** Of it plans ask alone whether the node takes what is new. */
export function conditionTold(state: ConditionState, { origin: node, epoch }: LogRecord, event: StoredEvent): boolean | "unfit" {
  const told = conditionSchema.safeParse(event.data);
  if (!told.success) return "unfit";
  const [before, runs] = [state.conditions.get(node), state.toldIn.get(node)];
  const isAsBefore = (kind: DriftKind): boolean => before?.now[kind] === told.data[kind];
  const since = driftKinds.map((kind) => [kind, isAsBefore(kind) ? (before?.since[kind] ?? event.time) : event.time] as const);
  const inRuns = driftKinds.map((kind) => [kind, isAsBefore(kind) ? (runs?.since?.[kind] ?? epoch) : epoch] as const);
  state.conditions.set(node, { now: told.data, since: Object.fromEntries(since) });
  toldNow(state, node, { since: Object.fromEntries(inRuns), held: before?.now.held?.since === told.data.held?.since ? (runs?.held ?? epoch) : epoch });
  if (told.data.version >= (state.behindSince.get(node)?.version ?? 0)) state.behindSince.delete(node);
  return (before?.now.held === undefined) !== (told.data.held === undefined);
}
