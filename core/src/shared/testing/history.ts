/** Replicas that change and merge in any order, each beside an oracle that knows who saw what. */
import fc from "fast-check";
import { applyOperation } from "../operation.ts";
import { mergeShared, type SharedState } from "../state.ts";
import type { SharedKind } from "../../schema/shared.ts";

export interface Change {
  readonly id: number;
  readonly amount: number;
  readonly text: string;
  readonly isExclusion: boolean;
  /** Changes that the replica had seen when it made this one. */
  readonly seen: ReadonlySet<number>;
}

export interface Replica {
  state: SharedState | undefined;
  seen: Set<number>;
  slot: string;
  /** As it was at its last opening but one. */
  backup: { readonly state: SharedState | undefined; readonly seen: ReadonlySet<number> };
}

export interface Step {
  readonly what: "change" | "merge" | "reopen" | "restore";
  readonly at: number;
  readonly from: number;
  readonly amount: number;
  readonly element: number;
  readonly isExclusion: boolean;
  /** What the replica's clock says at that moment: anything. */
  readonly nowMs: number | undefined;
}

const replicas = 4;
const year = 31_557_600_000;
const thisYearMs = 1_767_225_600_000;

export const stepsArbitrary: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    what: fc.constantFrom("change", "change", "change", "merge", "merge", "reopen", "restore"),
    at: fc.nat(replicas - 1),
    from: fc.nat(replicas - 1),
    amount: fc.integer({ min: -9, max: 9 }),
    element: fc.nat(2),
    isExclusion: fc.boolean(),
    nowMs: fc.oneof(fc.constant(undefined), fc.constantFrom(0, thisYearMs + 10 * year), fc.integer({ min: thisYearMs, max: thisYearMs + 60_000 })),
  } as const),
  { maxLength: 40, size: "max" },
);

export interface History {
  readonly replicas: readonly Replica[];
  readonly changes: ReadonlyMap<number, Change>;
  /** Every state that a replica was ever in. */
  readonly states: readonly SharedState[];
}

export function live(kind: SharedKind, steps: readonly Step[]): History {
  const all = Array.from({ length: replicas }, (_, index): Replica => ({ state: undefined, seen: new Set(), slot: slot(index, 0), backup: { state: undefined, seen: new Set() } }));
  const changes = new Map<number, Change>();
  const states: SharedState[] = [];
  for (const [id, step] of steps.entries()) {
    const [replica, other] = [all[step.at], all[step.from]];
    if (replica === undefined || other === undefined) continue;
    if (step.what === "reopen") {
      replica.slot = slot(step.at, id + 1);
      replica.backup = { state: replica.state, seen: new Set(replica.seen) };
    } else if (step.what === "restore") {
      replica.slot = slot(step.at, id + 1);
      replica.state = replica.backup.state;
      replica.seen = new Set(replica.backup.seen);
    } else if (step.what === "merge") {
      if (other.state !== undefined) replica.state = replica.state === undefined ? other.state : mergeShared(replica.state, other.state);
      for (const seen of other.seen) replica.seen.add(seen);
    } else {
      const text = JSON.stringify(kind === "register" ? id : step.element);
      changes.set(id, { id, amount: step.amount, text, isExclusion: step.isExclusion, seen: new Set(replica.seen) });
      replica.state = changed(kind, replica, step, text);
      replica.seen.add(id);
    }
    if (replica.state !== undefined) states.push(replica.state);
  }
  return { replicas: all, changes, states };
}

function changed(kind: SharedKind, { state, slot: writer }: Replica, step: Step, text: string): SharedState {
  const at = { name: "shared", key: "" };
  const by = { slot: writer, nowMs: step.nowMs };
  if (kind === "register") return applyOperation(state, { op: "write", ...at, text }, by);
  if (kind === "counter") return applyOperation(state, { op: "count", ...at, amount: step.amount }, by);
  if (!step.isExclusion) return applyOperation(state, { op: "include", ...at, text }, by);
  const seen = state?.kind === "set" ? [...(state.elements.get(text) ?? [])] : [];
  return applyOperation(state, { op: "exclude", ...at, text, seen }, by);
}

const slot = (replica: number, opening: number): string => `node-${replica}/${String(opening).padStart(13, "0")}`;
