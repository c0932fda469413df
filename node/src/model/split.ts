/**
 * A model in two parts: its head where the data is, its tail above. What the head makes of the rows goes up in place of them. Where that cannot be, the tail is run here, which every node
 * with the head has: so nothing waits for a link.
 *
 *     rows ─▶ head ─┬─ the tail stands here ─────────────▶ tail here
 *                   └─ budget ─▶ call up ─────────────────▶ tail above
 *                         └ cut, bytes, late, refused ────▶ tail here, `kept` says why
 */
import { HolonError } from "@holon/core/errors.ts";
import type { ModelSession, Tensor } from "@holon/core/ports.ts";
import { createAsker, pickRows, type AskerOptions } from "./asker.ts";
import type { Cascade } from "./cascade.ts";
import type { Decider, Decision, RowsOf } from "./decision.ts";

export interface SplitOptions extends AskerOptions {
  /** What is run here before anybody is asked, in order. */
  readonly heads: readonly ModelSession[];
  /** The tail on this node. */
  spare(): Promise<Decider>;
}

/** What the head makes of rows. `HOLON_MODEL_INPUT_BAD` for one of several inputs or outputs, and for a value that is not of so many rows. */
function headOf(session: ModelSession): (x: Tensor) => Promise<Tensor> {
  const { inputs, outputs } = session;
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || output === undefined || inputs.length !== 1 || outputs.length !== 1) throw new HolonError("HOLON_MODEL_INPUT_BAD", `the head of a split takes one input and gives one value, not ${inputs.length} and ${outputs.length}`);
  return async (x) => {
    const made = (await session.run({ [input]: x }))[output];
    if (made === undefined || made.shape[0] !== x.shape[0]) throw new HolonError("HOLON_MODEL_INPUT_BAD", `the head of a split gives a value of the shape [${made?.shape.join(", ") ?? ""}] for ${x.shape[0] ?? 0} rows`);
    return made;
  };
}

/** A head with all that is behind it on the same node. */
export function behind(session: ModelSession, rest: () => Promise<Decider>): Decider {
  const head = headOf(session);
  return { decide: async (x, of) => (await rest()).decide(await head(x), of) };
}

/** All of it here: nobody is asked. */
export function createWhole(whole: Decider): Cascade {
  let here = 0;
  return {
    async decide(x, of) {
      const decided = await whole.decide(x, of);
      here += decided.length;
      return decided;
    },
    status: () => ({ here, above: 0, kept: { cut: 0, bytes: 0, late: 0, refused: 0 }, askedBytes: 0 }),
  };
}

export function createSplit({ heads, spare, ...options }: SplitOptions): Cascade {
  const parts = heads.map(headOf);
  const head = async (x: Tensor): Promise<Tensor> => {
    let made = x;
    for (const part of parts) made = await part(made);
    return made;
  };
  const asker = createAsker(options);
  return {
    async decide(x: Tensor, of: RowsOf): Promise<readonly Decision[]> {
      const count = x.shape[0] ?? 0;
      const made = await head(x);
      const beside = options.above.here?.();
      if (beside !== undefined) {
        asker.answeredHere(count);
        return beside.decide(made, of);
      }
      const decided: Decision[] = [];
      for await (const { rows, answer } of asker.askAll(made, [...Array(count).keys()], of)) {
        if (typeof answer === "string") decided.push(...(await (await spare()).decide(pickRows(made, rows), of)).map((decision) => ({ ...decision, kept: answer })));
        else decided.push(...answer);
      }
      return decided;
    },
    status: asker.status,
  };
}
