/** State that sites share, in a test: one site, with what others are said to have done before. */
import type { SharedView, UnitEvent, UnitInstance } from "@holon/core/ports.ts";
import type { SharedKind } from "@holon/core/schema/shared.ts";
import { applyOperation, type SharedOperation, type Writer } from "@holon/core/shared/operation.ts";
import type { SharedState } from "@holon/core/shared/state.ts";
import { sharedValue } from "@holon/core/shared/view.ts";
import { canonicalJson } from "@holon/core/json.ts";

/** What the app declares, and what is there by key: the value of a register, what a counter counts, the elements of a set. */
export type TestShared = Readonly<Record<string, { readonly kind: SharedKind; readonly at?: Readonly<Record<string, unknown>> }>>;
/** What is there in the end, by name and key. */
export type SharedValues = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Slots as nodes have them: of others, and of the one under test. */
const others = "others/0000000000000";
const own = "test/0000000000000";

export class SharedBoard {
  readonly #declared: TestShared;
  readonly #states = new Map<string, SharedState>();
  #changed = new Set<string>();
  #isTold = false;

  constructor(declared: TestShared) {
    this.#declared = declared;
    for (const [name, { kind, at = {} }] of Object.entries(declared)) for (const [key, value] of Object.entries(at)) for (const operation of toOperations(kind, name, key, value)) this.#apply(operation, { slot: others, nowMs: undefined });
  }

  /** A function that is handed the view beside its events, as on a node. */
  around(instance: UnitInstance, nowMs: () => number): UnitInstance {
    if (Object.keys(this.#declared).length === 0) return instance;
    return {
      handle: async (events) => {
        const result = await instance.handle(this.#onto(events));
        for (const operation of result.shared ?? []) this.#apply(operation, { slot: own, nowMs: nowMs() });
        return result;
      },
      stop: () => instance.stop(),
    };
  }

  values(): SharedValues {
    const values: Record<string, Record<string, unknown>> = {};
    for (const name of Object.keys(this.#declared)) values[name] = {};
    for (const [id, state] of this.#states) {
      const [name, key] = fromId(id);
      values[name] = { ...values[name], [key]: shown(state) };
    }
    return values;
  }

  #onto(events: readonly UnitEvent[]): readonly UnitEvent[] {
    const [first, ...rest] = events;
    if (first === undefined || (this.#isTold && this.#changed.size === 0)) return events;
    const changed: SharedView["changed"] = [...this.#changed].flatMap((id) => {
      const [name, key] = fromId(id);
      const state = this.#states.get(id);
      return state === undefined ? [] : [[name, key, sharedValue(state)] as const];
    });
    const declared = Object.entries(this.#declared).map(([name, { kind }]) => [name, kind] as const);
    const shared: SharedView = { ...(this.#isTold ? {} : { declared }), changed };
    this.#isTold = true;
    this.#changed = new Set();
    return [{ ...first, shared }, ...rest];
  }

  #apply(operation: SharedOperation, writer: Writer): void {
    const id = canonicalJson([operation.name, operation.key]);
    this.#states.set(id, applyOperation(this.#states.get(id), operation, writer));
    this.#changed.add(id);
  }
}

/** It was printed by this class. */
const fromId = (id: string): readonly [name: string, key: string] => JSON.parse(id) as [string, string];

function toOperations(kind: SharedKind, name: string, key: string, value: unknown): readonly SharedOperation[] {
  const at = { name, key };
  if (kind === "register") return [{ op: "write", ...at, text: canonicalJson(value) }];
  if (kind === "counter") return [{ op: "count", ...at, amount: Number(value) }];
  if (!Array.isArray(value)) throw new Error(`the set ${name} is given as a list of its elements`);
  return value.map((element: unknown) => ({ op: "include", ...at, text: canonicalJson(element) }));
}

function shown(state: SharedState): unknown {
  const value = sharedValue(state);
  if (typeof value === "string") return JSON.parse(value);
  return typeof value === "number" ? value : value.map(([text]): unknown => JSON.parse(text)).sort();
}
